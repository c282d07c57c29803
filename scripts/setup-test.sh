# Clients and servers that only the tests use. One that is missing fails here: no test is left out in silence.
. "$(dirname "$0")/env.sh"

sh scripts/setup-s3-server.sh

missing=
for pair in mosquitto:mosquitto mosquitto_pub:mosquitto-clients curl:curl lftp:lftp openssl:openssl unshare:util-linux ip:iproute2 chromium:chromium rclone:rclone; do
  has "${pair%%:*}" || missing="$missing ${pair#*:}"
done
/usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>/dev/null ||
  missing="$missing python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
# Of the embedded server's major.
[ -x /usr/lib/postgresql/15/bin/pg_dump ] || missing="$missing postgresql-client-15"
[ -n "$missing" ] || exit 0
may_apt || fail "The tests need:$missing. Install, then run this again:  sudo apt-get install -y$missing"
# Split on purpose: one word per package.
# shellcheck disable=SC2086
apt_install $missing
