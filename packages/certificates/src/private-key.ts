import { TlsError } from '@handfast/wire';
import { constructedContextTag, enterOnly, Tag } from './der/reader.ts';
import { smallIntegerOf } from './der/values.ts';
import { encodeElement } from './der/writer.ts';
import { readPemBlocks } from './pem.ts';

/**
 * The private key of a PEM file as PKCS#8 PrivateKeyInfo, DER: from `PRIVATE KEY` as it stands, from `EC PRIVATE KEY`
 * (SEC 1, RFC 5915) and `RSA PRIVATE KEY` (PKCS#1, RFC 8017) by wrapping. Other blocks may stand around it.
 *
 * @throws TlsError `configuration-invalid` where there is no key or more than one, or the key is encrypted
 */
export function decodePrivateKeyPem(text: string): Uint8Array {
  const [block, ...others] = readPemBlocks(text, /PRIVATE KEY$/);
  if (block === undefined) throw invalid('the PEM text holds no private key ("-----BEGIN PRIVATE KEY-----")');
  if (others.length > 0) throw invalid(`the PEM text holds ${others.length + 1} private keys, where one belongs`);
  if (block.label === 'ENCRYPTED PRIVATE KEY' || /ENCRYPTED/.test(block.headers)) {
    throw invalid('the private key is encrypted; decrypt it first, such as with "openssl pkey -in FILE -out FILE"');
  }
  switch (block.label) {
    case 'PRIVATE KEY':
      return block.content;
    case 'EC PRIVATE KEY':
      return wellFormed(block.label, () => pkcs8OfSec1(block.content));
    case 'RSA PRIVATE KEY':
      return wellFormed(block.label, () => pkcs8OfPkcs1(block.content));
    default:
      throw invalid(`"${block.label}" is not a kind of private key that is known here`);
  }
}

/** id-ecPublicKey and rsaEncryption, DER. */
const ecPublicKey = Uint8Array.of(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);
const rsaEncryption = Uint8Array.of(0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);

function pkcs8OfSec1(der: Uint8Array): Uint8Array {
  const key = enterOnly(der, Tag.SEQUENCE, 'ECPrivateKey');
  smallIntegerOf(key.read(Tag.INTEGER, 'version'), 'version');
  key.read(Tag.OCTET_STRING, 'privateKey');
  const parameters = key.enter(constructedContextTag(0), 'parameters');
  const curve = parameters.readElement(Tag.OBJECT_IDENTIFIER, 'namedCurve');
  return privateKeyInfo(encodeElement(Tag.SEQUENCE, ecPublicKey, curve), der);
}

function pkcs8OfPkcs1(der: Uint8Array): Uint8Array {
  enterOnly(der, Tag.SEQUENCE, 'RSAPrivateKey');
  return privateKeyInfo(encodeElement(Tag.SEQUENCE, rsaEncryption, encodeElement(Tag.NULL)), der);
}

/** RFC 5958 section 2. */
function privateKeyInfo(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  const version = encodeElement(Tag.INTEGER, Uint8Array.of(0));
  return encodeElement(Tag.SEQUENCE, version, algorithm, encodeElement(Tag.OCTET_STRING, key));
}

/** The DER reader speaks of certificates; this is a key, and its file is configuration. */
function wellFormed(label: string, convert: () => Uint8Array): Uint8Array {
  try {
    return convert();
  } catch (error) {
    throw invalid(`"${label}" is malformed${error instanceof TlsError ? `: ${error.detail}` : ''}`);
  }
}

function invalid(detail: string): TlsError {
  return new TlsError('configuration-invalid', detail);
}
