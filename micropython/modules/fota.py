# QuecPython's fota, of which this board has nothing: it installs what a Center's plan brings, by Qth.


class fota:
    def __init__(self, reset_disable=0):
        print("fota: this board's firmware is upgraded by Qth.otaRequest(); other packages fail here")

    def httpDownload(self, url1=None, url2=None, callback=None):
        return -1

    def apn_set(self, fota_apn=None, ip_type=None, fota_user=None, fota_password=None):
        return 0

    def download_cancel(self):
        return 0

    def write(self, bytesData, file_size):
        return -1

    def flush(self):
        return -1

    def verify(self):
        return -1
