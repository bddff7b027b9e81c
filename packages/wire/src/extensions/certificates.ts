import { type Codec, list, opaque16, rest, uint8, uint16, vector8, vector16 } from '../codec.ts';
import { TlsError } from '../errors.ts';
import type { CertificateStatusRequest, OidFilter } from '../extensions.ts';
import { CertificateStatusType } from '../registries.ts';

/** RFC 8446 section 4.2.3, signature_algorithms and signature_algorithms_cert; RFC 9345 section 4.1.1,
 * delegated_credential of a client: `SignatureScheme supported_signature_algorithms<2..2^16-2>`. */
export const signatureSchemeList = vector16(list(uint16), 2, 0xfffe);

const responderIdList = vector16(list(opaque16(1)), 0);

/** RFC 6066 section 8, status_request of a client. */
export const certificateStatusRequest: Codec<CertificateStatusRequest> = {
  read(reader) {
    const code = reader.uint8();
    if (code !== CertificateStatusType.ocsp) return { statusType: 'unknown', code, data: reader.rest() };
    const responderIds = responderIdList.read(reader);
    return { statusType: 'ocsp', responderIds, requestExtensions: reader.vector16() };
  },
  write(writer, request) {
    if (request.statusType === 'unknown') {
      writer.uint8(request.code);
      writer.bytes(request.data);
      return;
    }
    writer.uint8(CertificateStatusType.ocsp);
    responderIdList.write(writer, request.responderIds);
    writer.vector16(request.requestExtensions);
  },
};

/** RFC 6066 section 8, CertificateStatus with an `opaque OCSPResponse<1..2^24-1>`: the message of TLS 1.2, and the
 * status_request of a CertificateEntry in TLS 1.3 (RFC 8446 section 4.4.2.1). */
export const certificateStatus: Codec<Uint8Array> = {
  read(reader) {
    const type = reader.uint8();
    if (type !== CertificateStatusType.ocsp) throw new TlsError('malformed-message', `status type ${type} is not ocsp`);
    return reader.vector24(1);
  },
  write(writer, response) {
    writer.uint8(CertificateStatusType.ocsp);
    writer.vector24(response, 1);
  },
};

/** RFC 6962 section 3.3: `SerializedSCT sct_list<1..2^16-1>`. */
export const signedCertificateTimestampList = vector16(list(opaque16(1)), 1);

/** RFC 7250 section 3, client_certificate_type and server_certificate_type of a client: `<1..2^8-1>`. */
export const certificateTypes = vector8(list(uint8), 1);

/** RFC 7250 section 3, the type that the server chose. */
export const selectedCertificateType = uint8;

const algorithmList = vector8(list(uint16), 2, 0xfe);

/** RFC 8879 section 3: `CertificateCompressionAlgorithm algorithms<2..2^8-2>`. Other stacks refuse one that is there twice. */
export const compressionAlgorithms: Codec<readonly number[]> = {
  read(reader) {
    const algorithms = algorithmList.read(reader);
    if (new Set(algorithms).size < algorithms.length) throw new TlsError('illegal-parameter', 'an algorithm twice');
    return algorithms;
  },
  write: (writer, algorithms) => algorithmList.write(writer, algorithms),
};

/** RFC 9345 section 4, the DelegatedCredential of a CertificateEntry, kept opaque. */
export const delegatedCredential = rest;

/** RFC 8446 section 4.2.4: `DistinguishedName authorities<3..2^16-1>`. */
export const certificateAuthorities = vector16(list(opaque16(1)), 3);

const oidFilter: Codec<OidFilter> = {
  read(reader) {
    const oid = reader.vector8(1);
    return { oid, values: reader.vector16() };
  },
  write(writer, { oid, values }) {
    writer.vector8(oid, 1);
    writer.vector16(values);
  },
};

/** RFC 8446 section 4.2.5: `OIDFilter filters<0..2^16-1>`. */
export const oidFilters = vector16(list(oidFilter), 0);
