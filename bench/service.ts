// One of the three services on NATS, in a process of its own.
import { startCertificateService } from '@handfast/certificate-service';
import { startKeyExchangeService } from '@handfast/key-exchange-service';
import { startSessionService } from '@handfast/session-service';

const [name, bus = '', cert = '', key = ''] = process.argv.slice(2);

switch (name) {
  case 'key-exchange':
    await startKeyExchangeService({ bus, keys: [key] });
    break;
  case 'certificate':
    await startCertificateService({ bus, anchors: [cert], chains: [cert] });
    break;
  default:
    await startSessionService({ bus });
}

process.on('disconnect', () => process.exit());
process.send?.('ready');
