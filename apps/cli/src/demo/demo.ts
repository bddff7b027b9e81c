import type { Timeline } from '@handfast/handshake';
import type { Endpoints } from '@handfast/telemetry';
import { loadCredential } from '@handfast/tls';
import type { DemoFlags } from '../commands/demo.ts';
import { endpointText } from '../flags/endpoint.ts';
import { embeddedServices } from '../gateway/embedded-services.ts';
import { startGateway } from '../gateway/gateway.ts';
import { runUntilStopped } from '../gateway/signals.ts';
import { paletteFor } from '../waterfall/palette.ts';
import { waterfall } from '../waterfall/waterfall.ts';
import { makeCertificate } from './certificate.ts';
import { invitation } from './invitation.ts';
import { startUpstream } from './upstream.ts';

/** `handfast demo`. */
export async function demo({ listen }: DemoFlags): Promise<void> {
  const palette = paletteFor(process.stdout);
  let count = 0;
  const show = (timeline: Timeline, endpoints: Endpoints | undefined): void => {
    count += 1;
    const client =
      endpoints === undefined ? '' : `, ${endpointText({ host: endpoints.peer.address, port: endpoints.peer.port })}`;
    console.log(`\n${waterfall(timeline, `Handshake ${count}${client}`, palette).join('\n')}`);
  };

  await runUntilStopped(
    async () => {
      const [upstream, certificate] = await Promise.all([startUpstream(), makeCertificate(Date.now())]);
      const gateway = await startGateway({
        bus: await embeddedServices([loadCredential(certificate)], []),
        listen,
        upstream: upstream.address,
        clientAuthentication: 'none',
        applicationProtocols: ['http/1.1'],
        minVersion: 'tls12',
        maxVersion: 'tls13',
        telemetry: {},
        onHandshake: show,
        onTrouble: (trouble) => console.error(palette.yellow(trouble)),
      });
      console.log(invitation(gateway.address, palette).join('\n'));
      return { gateway, upstream };
    },
    async ({ gateway, upstream }) => {
      console.log('\nStopping.');
      await Promise.all([gateway.stop(), upstream.stop()]);
    },
  );
}
