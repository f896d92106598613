"""The measurements of a device, as far as they need none: the load generator, and batches kept under way."""

import contextlib
import socket
import threading

from bench import gpu_load, gpu_steps

PAUSE_S = 0.001


def serve(listener: socket.socket, body: bytes, answer: bytes) -> None:
    """Answer every request on one connection; the head and the body may come in any pieces."""
    connection, _ = listener.accept()
    with connection, contextlib.suppress(ConnectionError):
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
            while (end := received.find(b"\r\n\r\n") + 4 + len(body)) <= len(received) and end > len(
                body
            ) + 3:
                assert received[end - len(body) : end] == body
                received = received[end:]
                connection.sendall(answer)


def load(tmp_path, status: bytes) -> gpu_load.Outcome:
    body = bytes(range(256)) * 1000
    (tmp_path / "body").write_bytes(body)
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\nhello"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = [threading.Thread(target=serve, args=(listener, body, answer)) for _ in range(2)]
        for thread in threads:
            thread.start()
        outcome = gpu_load.run(listener.getsockname()[1], "/predict", tmp_path / "body", 2, 0.2)
        for thread in threads:
            thread.join(10)
    return outcome


def test_good_answers_are_counted_with_their_times(tmp_path):
    outcome = load(tmp_path, b"200 OK")
    assert outcome.latencies and outcome.errors == 0
    assert max(outcome.latencies) < outcome.seconds


def test_other_answers_are_errors(tmp_path):
    outcome = load(tmp_path, b"503 Busy")
    assert outcome.latencies == [] and outcome.errors


def test_so_many_batches_are_under_way_and_every_one_is_waited_for():
    started, finished, most = 0, 0, 0

    def start(number: int):
        nonlocal started, most
        started += 1
        most = max(most, started - finished)

        def wait() -> None:
            nonlocal finished
            finished += 1
            threading.Event().wait(PAUSE_S)

        return wait

    figure = gpu_steps._pumped(start, 10, 3, 0.05)
    assert most == 3 and started == finished
    assert figure.images_per_second > 0
