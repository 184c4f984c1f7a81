#!/usr/bin/env python3
"""The chat that many begin with: Flask, Redis' publish and subscribe, and Server-Sent Events.

    PORT=5000 REDIS_URL=redis://localhost:6379/3 python3 app.py

One thread and one connection to Redis for every open page. Needs Debian's python3-flask and
python3-redis, and a Redis server. Written for the comparison in Benchmarks, in the manner of the
well-known tutorial.
"""

import datetime
import os

import flask
import redis

app = flask.Flask(__name__)
app.secret_key = os.urandom(32)
database = redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/3"))

PAGE = """<!doctype html>
<title>chat</title>
<p>Signed in as {{ user }}.</p>
<input id="line" placeholder="Write a line and press return" autofocus>
<pre id="lines"></pre>
<script>
  const line = document.getElementById("line"), lines = document.getElementById("lines");
  line.addEventListener("keydown", event => {
    if (event.key !== "Enter") return;
    fetch("/post", {method: "POST", body: new URLSearchParams({message: line.value})});
    line.value = "";
  });
  new EventSource("/stream").onmessage = event => lines.prepend(event.data + "\\n");
</script>
"""


def events():
    """Every line of the chat from now on, as events."""
    channel = database.pubsub()
    channel.subscribe("chat")
    for item in channel.listen():
        if item["type"] == "message":
            yield f"data: {item['data'].decode()}\n\n"
        else:
            # The answer to subscribing: only from here on nothing is missed, so only now the head
            # of the response goes out.
            yield ":\n\n"


@app.route("/login", methods=["GET", "POST"])
def login():
    if flask.request.method == "POST":
        flask.session["user"] = flask.request.form["user"]
        return flask.redirect("/")
    return '<!doctype html><title>chat</title><form method="post"><input name="user"></form>'


@app.route("/post", methods=["POST"])
def post():
    message = flask.request.form["message"]
    user = flask.session.get("user", "anonymous")
    now = datetime.datetime.now().replace(microsecond=0).time()
    database.publish("chat", f"[{now.isoformat()}] {user}: {message}")
    return flask.Response(status=204)


@app.route("/stream")
def stream():
    return flask.Response(events(), mimetype="text/event-stream")


@app.route("/")
def home():
    if "user" not in flask.session:
        return flask.redirect("/login")
    return flask.render_template_string(PAGE, user=flask.session["user"])


if __name__ == "__main__":
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.run(port=int(os.environ.get("PORT", "5000")), threaded=True)
