"""Programs that answer one request a line, and leave the machine quiet for whoever comes next."""
import json
import subprocess
import sys
import time


def processor_seconds(process):
    """Processor time of a running process over all its threads, to the nanosecond; None where it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return None
    return time.clock_gettime(~process << 3 | 2)  # the kernel's clock of a process's scheduled time


class Resident:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.greeting = self.read("its start")
        self.settle()

    def read(self, occasion):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self.process.args)} ended during {occasion}")
        return json.loads(line)

    def ask(self, **request):
        """The answer, once the program's threads have gone idle."""
        answer = self.try_asking(**request)
        if "error" in answer:
            raise SystemExit(answer["error"])
        return answer

    def try_asking(self, **request):
        """Like `ask`, but for errors, which are in the answer."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.read(request)
        self.settle()
        return answer

    def settle(self, window=0.01, limit=5.0):
        """Waits until the program uses no processor: worker threads spin for a while after their work is done, and
        would take the next program's time."""
        before, deadline = processor_seconds(self.process.pid), time.perf_counter() + limit
        if before is None:
            time.sleep(0.3)  # longer than any of the thread libraries spins by default
            return
        while time.perf_counter() < deadline:
            time.sleep(window)
            now = processor_seconds(self.process.pid)
            if now - before < 0.01 * window:
                return
            before = now
        print(f"{' '.join(self.process.args)} stays busy: the next figures are disturbed", file=sys.stderr)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
