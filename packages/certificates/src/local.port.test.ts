import { nativeCrypto } from '@handfast/crypto/native';
import { LocalCertificateValidator } from './local.ts';
import { certificateValidatorPortTests } from './port.suite.ts';

certificateValidatorPortTests('LocalCertificateValidator', ({ anchors, credentials }) => ({
  validator: new LocalCertificateValidator({ crypto: nativeCrypto, anchors, credentials }),
}));
