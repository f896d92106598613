"""Run as a program: download data sets as Keras does, its hosts answered by a server of this machine.

    python -m tests.keras.download_locally PORT NAME...

Keras's code runs as it is, with its own addresses; only the connection goes elsewhere, without TLS.
Prints for each the folder that the download left, or what failed.
"""

import sys
import urllib.request
from http.client import HTTPResponse

from modiste.datasets import DatasetError
from training.download import download_with_keras


class ToThisMachine(urllib.request.HTTPSHandler):
    """Opens the path of each address on a local server."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        """Answer a request for https with what the local server has at its path."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        answer: HTTPResponse = direct.open(f"http://127.0.0.1:{self.port}/{request.host}{request.selector}")
        return answer


if __name__ == "__main__":
    urllib.request.install_opener(
        urllib.request.build_opener(urllib.request.ProxyHandler({}), ToThisMachine(int(sys.argv[1])))
    )
    for name in sys.argv[2:]:
        try:
            print(f"\nleft {download_with_keras(name)}")
        except DatasetError as error:
            print(f"\nfailed {error}")
