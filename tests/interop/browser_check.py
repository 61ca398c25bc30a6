"""The explorer and the interface page in headless Chromium: what a person sees and does.

Needs Debian's chromium and chromium-driver. Screenshots go to $SCREENSHOTS (default: FOLDER).
usage: browser_check.py FOLDER      (BIN and RECSYS_DATA_MIRROR in the environment)
"""

import json
import os
import sys

import serving
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

WAIT_S = 20


class Page:
    def __init__(self, width, height, dark=False):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in ("headless=new", "no-sandbox", "disable-gpu", f"window-size={width},{height}"):
            options.add_argument(f"--{flag}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        # A window has a least width; a phone's is set as a device's is.
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        if dark:
            self.driver.execute_cdp_cmd(
                "Emulation.setEmulatedMedia",
                {"features": [{"name": "prefers-color-scheme", "value": "dark"}]},
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def open(self, url):
        self.driver.get("about:blank")
        self.driver.get(url)

    def find(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def wait(self, css, text=""):
        """The first element of css that has the text, once it is there."""

        def look(_):
            return next((e for e in self.find(css) if text in e.text), None)

        waiting = WebDriverWait(
            self.driver, WAIT_S, ignored_exceptions=[StaleElementReferenceException]
        )
        return waiting.until(look, f"no '{css}' with '{text}'")

    def press(self, element):
        """A click on it, scrolled to the middle so that the sticky header is not in the way."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def focused(self):
        return self.driver.switch_to.active_element

    def shot(self, folder, name):
        path = os.path.join(folder, f"{name}.png")
        self.driver.save_screenshot(path)
        serving.check(os.path.getsize(path) > 5000, f"screenshot {name}")

    def sideways(self):
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def complaints(self):
        return [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]

    def asked_outside(self, url):
        """Addresses of requests that did not go to the server itself."""
        out = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked = message["params"]["request"]["url"]
                if asked.startswith("http") and not asked.startswith(url):
                    out.append(asked)
        return out


def user_page(page, server, folder):
    page.open(f"{server.url}/#/user/1")
    page.wait("h1", "User 1")
    rows = page.find("section:not(.later) .list > li")
    serving.check(len(rows) == 20, "20 recommendations", len(rows))
    want = server.post("/recommend", {"user_id": 1, "k": 20})["recommendations"]
    got = [row.text.splitlines()[1] for row in rows]
    serving.check(got == [w["title"] for w in want], "the page lists what REST answers", got)
    serving.check(len(page.find(".history .list > li")) > 5, "history is beside it")
    page.press(page.find("section:not(.later) button[aria-expanded]")[0])
    page.wait(".reasons", "strongest past items")
    serving.check(len(page.find(".reason")) == 8, "eight reasons", len(page.find(".reason")))
    page.shot(folder, "user")
    page.press(page.wait("button", "More"))
    WebDriverWait(page.driver, WAIT_S).until(
        lambda _: len(page.find("section:not(.later) .list > li")) == 40, "no second page"
    )
    titles = [e.text.splitlines()[1] for e in page.find("section:not(.later) .list > li")]
    serving.check(len(set(titles)) == 40, "the second page repeats nothing")
    page.press(page.find(".entry a")[0])
    page.wait("caption, th", "similarity")
    page.shot(folder, "item")


def search_by_keyboard(page, server):
    page.open(f"{server.url}/")
    page.wait("h1", "Users")
    page.driver.find_element(By.TAG_NAME, "body").send_keys("/")
    serving.check(page.focused().get_attribute("id") == "search", "/ goes to the search")
    page.focused().send_keys("61" + Keys.ENTER)
    page.wait(".ids a", "610")
    link = page.find(".ids a")[0]
    page.driver.execute_script("arguments[0].focus()", link)
    link.send_keys(Keys.ARROW_RIGHT)
    serving.check(page.focused().text != link.text, "arrow keys go through the ids")
    page.focused().send_keys(Keys.ENTER)
    page.wait("h1", "User ")
    page.wait("section h2", "Recommendations")


def keyboard_keeps_its_place(page, server):
    page.open(f"{server.url}/#/user/1")
    why = page.wait("button", "Why")
    page.driver.find_element(By.CSS_SELECTOR, ".skip").send_keys(Keys.ENTER)
    serving.check(page.focused().get_attribute("id") == "main", "the skip link goes to the content")
    serving.check(page.driver.current_url.endswith("#/user/1"), "and to no other view")
    why.send_keys(Keys.ENTER)
    page.wait(".reasons", "strongest past items")
    WebDriverWait(page.driver, WAIT_S).until(lambda _: page.focused() == why, "Why lost the focus")
    page.focused().send_keys(Keys.ENTER)
    WebDriverWait(page.driver, WAIT_S).until(lambda _: not page.find(".reasons"), "Why closes them")
    serving.check(True, "Why opens and closes with Enter")


def unknown_user(page, server):
    page.open(f"{server.url}/#/user/nobody%20%3Cb%3E")
    page.wait("h1", "User nobody <b>")
    page.wait("p", "by popularity:unknown_user")
    serving.check(not page.find("h1 b"), "ids are text, not HTML")


def models_page(page, server, folder):
    page.open(f"{server.url}/#/models")
    page.wait("h1", "Models")
    metric = next(r for r in page.find("tbody tr") if r.text.startswith("ndcg_at_10"))
    serving.check("[" in metric.text and "better" in metric.text, "metrics with intervals", metric.text)
    page.wait("caption", "Journal")
    page.press(page.wait("summary", "passed"))
    page.wait("li", "beats_popularity")
    page.shot(folder, "models")


def feedback(page, server, secret):
    page.open(f"{server.url}/#/user/2")
    page.wait("h1", "User 2")
    page.find("#access")[0].click()
    page.wait("dialog h2", "Access token")
    page.find("#token")[0].send_keys(secret)
    page.wait("dialog button", "Use it").click()
    first = page.wait("section:not(.later) .list > li", "Liked it")
    title = first.text.splitlines()[1]
    page.press(first.find_element(By.XPATH, ".//button[text()='Liked it']"))
    page.wait(".history .list > li", title)
    rows = [e.text.splitlines()[1] for e in page.find("section:not(.later) .list > li")]
    serving.check(title not in rows, "what was liked leaves the list and enters the history", title)


def docs_page(page, server, folder):
    page.open(f"{server.url}/docs")
    page.wait(".path", "/recommend")
    serving.check(len(page.find(".call")) >= 20, "every call is there", len(page.find(".call")))
    page.press(page.wait("#post_recommend > summary"))
    body = page.wait("#post_recommend textarea")
    body.send_keys(Keys.CONTROL, Keys.ENTER)
    answer = page.wait("#post_recommend .answer", "recommendations").text
    serving.check(answer.startswith("200"), "a form sends its call by keyboard", answer[:60])
    page.shot(folder, "docs")
    body.send_keys("x", Keys.CONTROL, Keys.ENTER)
    refused = page.wait("#post_recommend .answer", "malformed_input").text
    serving.check(refused.startswith("422"), "an error shows as it is", refused[:60])
    page.press(page.find("h1")[0])
    webdriver.ActionChains(page.driver).send_keys("/").send_keys("get journal").perform()
    left = [e.text for e in page.find(".call .path") if e.is_displayed()]
    serving.check(left == ["/models/journal"], "/ goes to the filter, which leaves what fits", left)


def main():
    workspace = sys.argv[1]
    folder = os.environ.get("SCREENSHOTS", workspace)
    os.makedirs(folder, exist_ok=True)
    serving.demo(workspace)
    secret = serving.token(workspace, "browser", "write")
    with serving.Server(workspace) as server:
        with Page(1280, 900) as page:
            user_page(page, server, folder)
            search_by_keyboard(page, server)
            keyboard_keeps_its_place(page, server)
            unknown_user(page, server)
            models_page(page, server, folder)
            feedback(page, server, secret)
            docs_page(page, server, folder)
            bad = [m for m in page.complaints() if "status of 404" not in m and "status of 422" not in m]
            serving.check(not bad, "nothing in the browser's error log", bad)
            outside = page.asked_outside(server.url)
            serving.check(not outside, "no request leaves the server", outside)
        with Page(390, 844, dark=True) as page:
            for name in ("user/1", "models", "items"):
                page.open(f"{server.url}/#/{name}")
                page.wait("h1")
                serving.check(page.sideways() <= 0, f"{name} fits a phone", page.sideways())
                page.shot(folder, f"phone-{name.replace('/', '-')}")
            page.open(f"{server.url}/docs")
            page.wait(".path", "/recommend")
            serving.check(page.sideways() <= 0, "docs fit a phone", page.sideways())
    return serving.failures > 0


sys.exit(main())
