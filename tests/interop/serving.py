"""A demo workspace with one promoted model, and the program serving it, for checks over HTTP."""

import json
import os
import subprocess
import sys
import urllib.request

BIN = os.environ["BIN"]
failures = 0


def check(good, what, detail=""):
    """One line for one comparison."""
    global failures
    if good:
        print(f"ok {what}", flush=True)
    else:
        failures += 1
        print(f"FAILED {what}: {detail}", flush=True)
    return good


def program(workspace, *args):
    """Run a command, return its JSON document."""
    command = [BIN, "--workspace", workspace, "--json", "--quiet", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def demo(workspace, overrides=()):
    """From MovieLens (RECSYS_DATA_MIRROR) to a served version."""
    program(workspace, "pipeline", "run", "--dataset", "ml-latest-small", *overrides)


def token(workspace, name, scope):
    """A new token's secret."""
    return program(workspace, "token", "add", name, "--scope", scope)["token"]


class Server:
    """The program serving a workspace on a free port until the block ends."""

    def __init__(self, workspace, *overrides):
        log = open(os.path.join(workspace, "serve.log"), "ab")
        self.process = subprocess.Popen(
            [BIN, "--workspace", workspace, "--json", "serve", "--port", "0", *overrides],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        text = ""
        while True:  # one document, indented or not
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"the server ended: {text}; see serve.log")
            text += line
            try:
                self.url = json.loads(text)["address"]
                break
            except json.JSONDecodeError:
                continue

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        check(self.process.wait(timeout=30) == 0, "the server ends with 0", self.process.returncode)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path, body, secret=None):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        if secret:
            request.add_header("Authorization", f"Bearer {secret}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
