import { type Codec, list, opaque8, opaque16, opaque24, uint8, uint16, vector8, vector16, vector24 } from '../codec.ts';
import { certificateEntryExtensions, certificateRequestExtensions } from '../extensions/by-message.ts';
import { certificateStatus as ocspStatus } from '../extensions/certificates.ts';
import type {
  Certificate12,
  Certificate13,
  CertificateEntry,
  CertificateRequest12,
  CertificateRequest13,
  CertificateStatus,
  CertificateVerify,
  CompressedCertificate,
} from '../messages.ts';

const requestContext = opaque8(0);
const certificateList12 = vector24(list(opaque24(1)), 0);

/** RFC 5246 section 7.4.2. */
export const certificate12: Codec<Certificate12> = {
  read: (reader) => ({ type: 'Certificate', version: 'tls12', certificateList: certificateList12.read(reader) }),
  write: (writer, message) => certificateList12.write(writer, message.certificateList),
};

const certificateEntry: Codec<CertificateEntry> = {
  read(reader) {
    const certData = reader.vector24(1);
    return { certData, extensions: certificateEntryExtensions.read(reader) };
  },
  write(writer, { certData, extensions }) {
    writer.vector24(certData, 1);
    certificateEntryExtensions.write(writer, extensions);
  },
};

const certificateList13 = vector24(list(certificateEntry), 0);

/** RFC 8446 section 4.4.2. */
export const certificate13: Codec<Certificate13> = {
  read(reader) {
    const certificateRequestContext = requestContext.read(reader);
    const certificateList = certificateList13.read(reader);
    return { type: 'Certificate', version: 'tls13', certificateRequestContext, certificateList };
  },
  write(writer, message) {
    requestContext.write(writer, message.certificateRequestContext);
    certificateList13.write(writer, message.certificateList);
  },
};

const certificateTypes = vector8(list(uint8), 1);
const signatureAlgorithms = vector16(list(uint16), 2, 0xfffe);
const distinguishedNames = vector16(list(opaque16(1)), 0);

/** RFC 5246 section 7.4.4. */
export const certificateRequest12: Codec<CertificateRequest12> = {
  read(reader) {
    const types = certificateTypes.read(reader);
    const supportedSignatureAlgorithms = signatureAlgorithms.read(reader);
    const certificateAuthorities = distinguishedNames.read(reader);
    return {
      type: 'CertificateRequest',
      version: 'tls12',
      certificateTypes: types,
      supportedSignatureAlgorithms,
      certificateAuthorities,
    };
  },
  write(writer, message) {
    certificateTypes.write(writer, message.certificateTypes);
    signatureAlgorithms.write(writer, message.supportedSignatureAlgorithms);
    distinguishedNames.write(writer, message.certificateAuthorities);
  },
};

/** RFC 8446 section 4.3.2. */
export const certificateRequest13: Codec<CertificateRequest13> = {
  read(reader) {
    const certificateRequestContext = requestContext.read(reader);
    const extensions = certificateRequestExtensions.read(reader);
    return { type: 'CertificateRequest', version: 'tls13', certificateRequestContext, extensions };
  },
  write(writer, message) {
    requestContext.write(writer, message.certificateRequestContext);
    certificateRequestExtensions.write(writer, message.extensions);
  },
};

/** RFC 8446 section 4.4.3, RFC 5246 section 7.4.8. */
export const certificateVerify: Codec<CertificateVerify> = {
  read(reader) {
    const algorithm = reader.uint16();
    return { type: 'CertificateVerify', algorithm, signature: reader.vector16() };
  },
  write(writer, message) {
    writer.uint16(message.algorithm);
    writer.vector16(message.signature);
  },
};

/** RFC 6066 section 8. */
export const certificateStatus: Codec<CertificateStatus> = {
  read: (reader) => ({ type: 'CertificateStatus', response: ocspStatus.read(reader) }),
  write: (writer, message) => ocspStatus.write(writer, message.response),
};

/** RFC 8879 section 4. */
export const compressedCertificate: Codec<CompressedCertificate> = {
  read(reader) {
    const algorithm = reader.uint16();
    const uncompressedLength = reader.uint24();
    const compressedCertificateMessage = reader.vector24(1);
    return { type: 'CompressedCertificate', algorithm, uncompressedLength, compressedCertificateMessage };
  },
  write(writer, message) {
    writer.uint16(message.algorithm);
    writer.uint24(message.uncompressedLength);
    writer.vector24(message.compressedCertificateMessage, 1);
  },
};
