"""The chat of Flask's SSE tutorials, written anew: what Belfry grew out of, on the same Redis.

    REDIS_URL=redis://localhost:6379/3 flask --app app run --with-threads
"""

import datetime
import os
import secrets

import flask
import redis

app = flask.Flask(__name__)
app.secret_key = secrets.token_bytes(32)
database = redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/3"))

LOGIN = '<form action="" method="post">user: <input name="user"></form>'


def event_stream():
    pubsub = database.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe("chat")
    for message in pubsub.listen():
        yield b"data: %s\n\n" % message["data"]


@app.route("/login", methods=["GET", "POST"])
def login():
    if flask.request.method == "POST":
        flask.session["user"] = flask.request.form["user"]
        return flask.redirect("/")
    return LOGIN


@app.route("/post", methods=["POST"])
def post():
    message = flask.request.form["message"]
    user = flask.session.get("user", "anonymous")
    now = datetime.datetime.now().replace(microsecond=0).time()
    database.publish("chat", f"[{now.isoformat()}] {user}: {message}")
    return flask.Response(status=204)


@app.route("/stream")
def stream():
    return flask.Response(event_stream(), mimetype="text/event-stream")
