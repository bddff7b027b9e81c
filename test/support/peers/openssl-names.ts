// The names of OpenSSL for suites and groups of IANA.

/** TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is ECDHE-RSA-AES128-GCM-SHA256 there; those of TLS 1.3 are called alike. */
export function openSslSuite(name: string): string {
  if (!name.includes('_WITH_')) return name;
  return name
    .replace(/^TLS_(RSA_WITH_)?/, '')
    .replace('_WITH_', '-')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('_CBC', '')
    .replace('_CCM_8', '_CCM8')
    .replace('POLY1305_SHA256', 'POLY1305')
    .replaceAll('_', '-');
}

const groups: Readonly<Record<string, string>> = {
  x25519: 'X25519',
  secp256r1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

export function openSslGroup(name: string): string {
  return groups[name] ?? name;
}
