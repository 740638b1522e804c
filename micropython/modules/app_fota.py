# QuecPython's app_fota: files of the application, downloaded one by one, take their places at the next start.
import app_fota_download
import application
from ql_fs import path_exists


class new:
    def download(self, url, file_name):
        return app_fota_download.download(url, file_name)

    def bulk_download(self, info=()):
        return app_fota_download.bulk_download(info)

    def set_update_flag(self):
        folder = app_fota_download.get_updater_dir() + "/usr"
        if not path_exists(folder):
            return -1
        application.application.stage_files(folder)
        return 0
