# Clients and servers that only the tests use. One that is missing fails here: no test is left out in silence.
. "$(dirname "$0")/env.sh"

missing=
for pair in mosquitto:mosquitto mosquitto_pub:mosquitto-clients openssl:openssl unshare:util-linux; do
  has "${pair%%:*}" || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
may_apt || fail "The tests need:$missing. Install, then run this again:  sudo apt-get install -y$missing"
# Split on purpose: one word per package.
# shellcheck disable=SC2086
apt_install $missing
