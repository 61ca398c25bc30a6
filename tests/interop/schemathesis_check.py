"""The live server against its own OpenAPI document: schemathesis with every check on.

Two passes: with a token that may write, and with one that may do everything but where only commands
that read are called (the others start jobs that change the workspace).
usage: schemathesis_check.py FOLDER      (BIN and RECSYS_DATA_MIRROR in the environment)
"""

import os
import subprocess
import sys

import serving

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "40")


def run(url, folder, secret, what, *args):
    command = [
        os.path.join(os.path.dirname(sys.executable), "schemathesis"),
        "run",
        f"{url}/openapi.json",
        "--checks=all",
        "--phases=examples,coverage,fuzzing,stateful",
        f"--max-examples={EXAMPLES}",
        "--seed=7",
        "--workers=1",
        "--warnings=off",
        "--continue-on-failure",
        "--request-timeout=20",
        "--suppress-health-check=all",
        f"--header=Authorization: Bearer {secret}",
        *args,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    print(done.stdout[-6000:], flush=True)
    tail = done.stdout.strip().splitlines()[-1:] or [done.stderr[-500:]]
    serving.check(done.returncode == 0, f"schemathesis, {what}", tail[0])


def main():
    workspace = sys.argv[1]
    serving.demo(workspace, ["model.factors=16", "model.iterations=5"])
    write = serving.token(workspace, "writer", "write")
    admin = serving.token(workspace, "admin", "admin")
    with serving.Server(workspace, "serving.access_log=errors") as server:
        run(server.url, workspace, write, "a token that may write")
        run(
            server.url,
            workspace,
            admin,
            "a token that may do everything, on commands that read",
            "--include-path-regex",
            "/admin/commands(/(user|item|run|job|model|token)-list)?$",
        )
        health = server.get("/health")
        serving.check(health["status"] == "healthy", "healthy after all of it", health)
    return serving.failures > 0


sys.exit(main())
