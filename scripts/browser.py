"""A real browser without a window, for the tests that look at pages."""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.argv[0]).name


class Browser:
    """Chromium, spoken to through the pipes that --remote-debugging-pipe opens: JSON messages that end in a zero byte."""

    def __init__(self, folder):
        names = ["chromium", "chromium-browser", "google-chrome"]
        program = next((name for name in names if shutil.which(name)), None)
        if program is None:
            raise SystemExit(f"{PROGRAM}: no Chromium was found; make install-tools installs it")
        # The browser reads its descriptor 3 and writes its descriptor 4.
        theirs_in, self.out = os.pipe()
        self.back, theirs_out = os.pipe()

        def descriptors():
            spare = [os.dup(theirs_in), os.dup(theirs_out)]
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)
            for descriptor in (3, 4):
                os.set_inheritable(descriptor, True)

        self.said = open(Path(folder) / "chromium.log", "wb")
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-extensions", "--disable-background-networking", f"--user-data-dir={folder}/profile",
             "--window-size=1000,900", "--remote-debugging-pipe", "about:blank"],
            preexec_fn=descriptors, close_fds=False, stdout=self.said, stderr=self.said)
        os.close(theirs_in)
        os.close(theirs_out)
        self.number = 0
        self.buffer = b""
        self.events = []
        self.session = None
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def message(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.back, 1 << 20)
            if not piece:
                raise SystemExit(f"{PROGRAM}: Chromium went away; it said: {Path(self.said.name).read_text()[-2000:]}")
            self.buffer += piece
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{PROGRAM}: {method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def load(self, place):
        """Shows a file, or what an address leads to."""
        self.events = []
        self.call("Page.navigate", url=place if isinstance(place, str) else place.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def value(self, script):
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"{PROGRAM}: {script[:400]}: {answer['exceptionDetails']['text']}")
        return answer["result"].get("value")

    def screenshot(self, path):
        top = {"x": 0, "y": 0, "width": 1000, "height": 1400, "scale": 0.6}
        shot = self.call("Page.captureScreenshot", format="png", clip=top, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.process.terminate()
        self.process.wait()
