#!/bin/sh
# Makes certificates for a stack on one machine: a CA, a server's ECDSA and RSA certificates, and a client's. Does nothing
# where they are there already and good for another day. The CA's key is not kept: nothing else can be issued in its name.
#
#   infra/certs/make.sh [FOLDER [NAME…]]     NAME: more host names or IP addresses for the server's certificates
#
# FOLDER (default: certs) gets bus.secret, which gateway and services share, ca.pem, server-ecdsa.pem, server-rsa.pem and client.pem; FOLDER/keys gets their keys.
set -eu
umask 077

folder=${1:-certs}
[ $# -eq 0 ] || shift
days=90

if openssl x509 -in "$folder/server-ecdsa.pem" -noout -checkend 86400 >/dev/null 2>&1; then
  echo "The certificates in $folder are good for another day." >&2
  exit 0
fi

names=DNS:localhost,IP:127.0.0.1,IP:::1
for name in "$@"; do
  case $name in
    *:* | *[0-9].[0-9]*) names=$names,IP:$name ;;
    *) names=$names,DNS:$name ;;
  esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder/keys"

# key FILE ecdsa|rsa
key() {
  case $2 in
    ecdsa) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" ;;
    rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1" ;;
  esac
}

# issue NAME KIND SUBJECT USAGE [SUBJECT-ALTERNATIVE-NAMES]
issue() {
  key "$work/$1.key" "$2"
  openssl req -new -key "$work/$1.key" -subj "$3" -out "$work/$1.csr"
  {
    echo 'basicConstraints = critical, CA:false'
    echo 'keyUsage = critical, digitalSignature'
    echo "extendedKeyUsage = $4"
    echo 'subjectKeyIdentifier = hash'
    echo 'authorityKeyIdentifier = keyid'
    [ -z "${5:-}" ] || echo "subjectAltName = $5"
  } >"$work/$1.ext"
  openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial \
    -days "$days" -sha256 -extfile "$work/$1.ext" -out "$work/$1.pem" 2>/dev/null
}

key "$work/ca.key" ecdsa
openssl req -x509 -new -key "$work/ca.key" -sha256 -days "$days" -subj '/O=Handfast/CN=CA of this stack' \
  -addext 'basicConstraints = critical, CA:true, pathlen:0' -addext 'keyUsage = critical, keyCertSign, cRLSign' \
  -out "$work/ca.pem"
issue server-ecdsa ecdsa /O=Handfast/CN=localhost serverAuth "$names"
issue server-rsa rsa /O=Handfast/CN=localhost serverAuth "$names"
issue client ecdsa '/O=Handfast/CN=client of this stack' clientAuth

for name in server-ecdsa server-rsa client; do mv "$work/$name.key" "$folder/keys/"; done
openssl rand -hex 32 >"$folder/bus.secret"
# The ECDSA certificate, which is looked for above, is the last one to appear.
for name in ca client server-rsa server-ecdsa; do
  chmod 644 "$work/$name.pem"
  mv "$work/$name.pem" "$folder/"
done
echo "Made certificates in $folder, and their keys in $folder/keys." >&2
