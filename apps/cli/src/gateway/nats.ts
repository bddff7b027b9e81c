import { NatsBus } from '@handfast/bus';
import { nativeCrypto } from '@handfast/crypto/native';
import { patiently } from '@handfast/record-service';

/** The bus of a NATS server, when it is there. */
export function connectBus(
  servers: string,
  secret: Uint8Array | undefined,
  warn: (text: string) => void,
): Promise<NatsBus> {
  return patiently(
    'NATS',
    () => NatsBus.connect({ servers, secret, name: 'handfast gateway', crypto: nativeCrypto }),
    warn,
  );
}
