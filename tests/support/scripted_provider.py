#!/usr/bin/env python3
"""A model provider on loopback that answers as it is told: OpenAI's Completions and Chat Completions, streamed or whole.

    scripted_provider.py [--port N] [--key KEY] [--signed-in KEY] [--script JSON]      prints its base URL (http://127.0.0.1:PORT/v1) on the first line

Steered over HTTP, beside the API itself:
    POST   /test/script      replaces the script: a list of replies, one a request; the last one is repeated
    GET    /test/requests    what was received: [{path, authorization, body, sent, outcome, closed_after_ms}]
    DELETE /test/requests    forgets it

Beside those, `POST /v1/auth/keys` hands out the key of `--signed-in`, as OpenRouter does where somebody signs in.

A reply is an object; every field may be left out:
    text          list of strings, one a streamed chunk (default ["ok"])
    first_ms      wait before the reply's first byte
    chunk_ms      wait before each chunk but the first
    at_once       true: all of the reply, head and end included, goes out in one write
    split         write the stream in pieces of that many bytes, whatever they cut apart
    usage         numbers for the usage object (default: 10 prompt and one completion token a chunk); null leaves it out
    finish        finish reason (default "stop")
    status        HTTP status; anything but 200 answers with `body`
    headers       further headers
    body          JSON for an error
    cut_after     close the connection after that many chunks, without an end
    reset_after   the same with a TCP reset
    error_after   {"chunks": N, "error": {...}}: an error object within the stream, then the end

`outcome` in the list of requests is "complete", "failed" (by script), or "disconnected": the client went away while the reply was running,
after `sent` chunks and `closed_after_ms` milliseconds.
"""
import argparse
import io
import json
import select
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer


class Gone(Exception):
    """The client has closed its connection."""


class Cut(Exception):
    """The script ends the connection here."""


class State:
    def __init__(self, script, key, signed_in):
        self.lock = threading.Lock()
        self.script, self.key, self.signed_in = script, key, signed_in
        self.requests = []

    def next_reply(self, entry):
        with self.lock:
            self.requests.append(entry)
            reply = self.script[0] if self.script else {}
            if len(self.script) > 1:
                self.script.pop(0)
            return reply


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = None

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            # A client that leaves is what some tests are about.
            self.close_connection = True

    # --- plain replies

    def send_json(self, value, status=200, headers=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def read_json(self):
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")

    def do_GET(self):
        if self.path == "/test/requests":
            with self.state.lock:
                self.send_json(self.state.requests)
        elif self.path == "/v1/models":
            self.send_json({"object": "list", "data": [{"id": "small", "object": "model"}, {"id": "large", "object": "model"}]})
        else:
            self.send_json({"error": {"message": "no such path", "type": "not_found"}}, 404)

    def do_DELETE(self):
        with self.state.lock:
            self.state.requests.clear()
        self.send_json({})

    def do_POST(self):
        body = self.read_json()
        if self.path == "/test/script":
            with self.state.lock:
                self.state.script = body
            self.send_json({})
            return
        if self.path == "/v1/auth/keys" and self.state.signed_in and body.get("code"):
            self.send_json({"key": self.state.signed_in})
            return
        if self.path not in ("/v1/completions", "/v1/chat/completions"):
            self.send_json({"error": {"message": "no such path", "type": "not_found"}}, 404)
            return
        authorization = self.headers.get("Authorization")
        entry = {"path": self.path, "authorization": authorization, "body": body, "sent": 0, "outcome": None, "closed_after_ms": None}
        reply = self.state.next_reply(entry)
        start = time.monotonic()
        try:
            if self.state.key and authorization != f"Bearer {self.state.key}":
                self.send_json({"error": {"message": "Incorrect API key provided", "type": "invalid_request_error", "code": "invalid_api_key"}}, 401)
                entry["outcome"] = "failed"
                return
            if reply.get("at_once"):
                self.answer_at_once(entry, body, reply)
            else:
                self.answer(entry, body, reply)
            entry["outcome"] = "complete" if reply.get("status", 200) == 200 else "failed"
        except (Gone, BrokenPipeError, ConnectionResetError):
            entry["outcome"] = "disconnected"
            entry["closed_after_ms"] = round((time.monotonic() - start) * 1000, 1)
            self.close_connection = True
        except Cut:
            entry["outcome"] = "failed"
            self.close_connection = True

    # --- the API

    def answer_at_once(self, entry, body, reply):
        connection, self.wfile = self.wfile, io.BytesIO()
        try:
            self.answer(entry, body, reply)
            connection.write(self.wfile.getvalue())
        finally:
            self.wfile = connection

    def answer(self, entry, body, reply):
        self.wait(reply.get("first_ms", 0))
        if reply.get("status", 200) != 200:
            self.send_json(reply.get("body", {"error": {"message": "scripted error"}}), reply["status"], reply.get("headers"))
            return
        texts = reply.get("text", ["ok"])
        usage = self.usage(reply, len(texts))
        chat = self.path.endswith("/chat/completions")
        head = {"id": "cmpl-1", "created": 1, "model": body.get("model", "small")}
        if not body.get("stream"):
            text, finish = "".join(texts), reply.get("finish", "stop")
            choice = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
            kind = "chat.completion" if chat else "text_completion"
            whole = {**head, "object": kind, "choices": [{"index": 0, **choice, "finish_reason": finish}]}
            self.send_json({**whole, "usage": usage} if usage else whole, headers=reply.get("headers"))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        for name, text in reply.get("headers", {}).items():
            self.send_header(name, text)
        self.end_headers()
        head["object"] = "chat.completion.chunk" if chat else "text_completion"
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        self.stream(entry, reply, head, chat, texts, usage if with_usage else None)

    def usage(self, reply, chunks):
        usage = reply.get("usage", {})
        if usage is None:
            return None
        full = {"prompt_tokens": 10, "completion_tokens": chunks, **usage}
        return {"total_tokens": full["prompt_tokens"] + full["completion_tokens"], **full}

    def stream(self, entry, reply, head, chat, texts, usage):
        split = reply.get("split")
        error = reply.get("error_after") or {}
        for number, text in enumerate(texts):
            self.end_early(reply, number)
            if error and error["chunks"] == number:
                self.event({"error": error["error"]}, split)
                self.finish_stream(split)
                return
            if number:
                self.wait(reply.get("chunk_ms", 0))
            piece = {"delta": {"content": text}} if chat else {"text": text}
            if chat and number == 0:
                piece["delta"]["role"] = "assistant"
            self.event({**head, "choices": [{"index": 0, **piece, "finish_reason": None}]}, split)
            entry["sent"] = number + 1
        self.end_early(reply, len(texts))
        last = {"delta": {}} if chat else {"text": ""}
        self.event({**head, "choices": [{"index": 0, **last, "finish_reason": reply.get("finish", "stop")}]}, split)
        if usage:
            self.event({**head, "choices": [], "usage": usage}, split)
        self.finish_stream(split)

    def finish_stream(self, split):
        self.write(b"data: [DONE]\n\n", split)
        self.wfile.write(b"0\r\n\r\n")

    def end_early(self, reply, number):
        if reply.get("reset_after") == number:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            raise Cut
        if reply.get("cut_after") == number:
            raise Cut

    def event(self, value, split):
        self.write(b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n", split)

    def write(self, data, split):
        size = split or len(data)
        for start in range(0, len(data), size):
            piece = data[start:start + size]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            self.wait(0)

    def wait(self, milliseconds):
        """Waits, and notices a client that leaves meanwhile."""
        end = time.monotonic() + milliseconds / 1000
        while True:
            left = max(0.0, end - time.monotonic())
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise Gone
            if readable or left == 0.0:
                # A readable connection that is not closed holds the client's next request; what is left is waited out.
                time.sleep(max(0.0, end - time.monotonic()))
                return


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        # The standard one asks the name service who 127.0.0.1 is, which can take ten seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address


def main():
    parser = argparse.ArgumentParser(description="A scripted model provider on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", help="the key that requests must carry")
    parser.add_argument("--signed-in", help="the key that a sign-in gets")
    parser.add_argument("--script", default="[]", help="the replies, as JSON")
    options = parser.parse_args()
    Handler.state = State(json.loads(options.script), options.key, options.signed_in)
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
