"""subprocess and os: children of every kind."""

import os
import subprocess
import sys

print(subprocess.run(["echo", "a", "b"], capture_output=True, text=True).stdout)
print(subprocess.check_output("echo shell; exit 0", shell=True))
print(subprocess.call([sys.executable, "-c", "raise SystemExit(3)"]))
try:
    subprocess.run(["false"], check=True)
except subprocess.CalledProcessError as error:
    print(error)
try:
    subprocess.Popen(["/nonexistent/program"])
except OSError as error:
    print(error)
print(os.system("exit 2"))
print(os.spawnl(os.P_WAIT, "/bin/true", "true"))
pid = os.fork()
if not pid:
    os._exit(4)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
