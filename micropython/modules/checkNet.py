# QuecPython's checkNet: is the network ready? On this board it always is.
import _board


def waitNetworkReady(timeout=60):
    return (3, 1)  # stage 3, data connection: up


def wait_network_connected(timeout=60):
    return waitNetworkReady(timeout)


class CheckNetwork:
    def __init__(self, project_name, project_version):
        self._project = project_name
        self._version = project_version

    def poweron_print_once(self):
        print("PROJECT_NAME     :", self._project)
        print("PROJECT_VERSION  :", self._version)
        print("FIRMWARE_VERSION :", _board.version())

    def wait_network_connected(self, timeout=60):
        return waitNetworkReady(timeout)
