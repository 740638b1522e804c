# An application that upgrades itself from a server of its own, as some did before Qth.
import utime
import version

import app_fota
import request
from misc import Power

with open("/usr/url.txt") as file:
    url = file.read().strip()
print("version", version.VERSION)
answer = request.get(url + "/newest.json", headers={"Device": "1"})
newest = answer.json()
print("newest", answer.status_code, newest["version"])
posted = request.post(url + "/report", data='{"version": "%s"}' % version.VERSION)
print("posted", posted.status_code, "".join(posted.content))
news = request.get(url + "/news", sizeof=7)
print("news", "".join(news.text) == "äö水🚲" * 50)
if newest["version"] != version.VERSION:
    update = app_fota.new()
    files = [{"url": url + "/" + name, "file_name": "/usr/" + name} for name in newest["files"]]
    print("download", update.download(url + "/missing", "/usr/missing.py"), update.bulk_download(files))
    update.set_update_flag()
    Power.powerRestart()
while True:
    utime.sleep(1)
