import { hash } from 'node:crypto';
import type { AskRecord, Step, Timeline } from '@handfast/handshake';
import { peerOf } from './outcome.ts';
import { hex, type OptionalAttributes } from './span.ts';

/** The two ends of the connection, as far as the reporting process knows them. */
export interface Endpoints {
  readonly local: Endpoint;
  readonly peer: Endpoint;
}

export interface Endpoint {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
}

/**
 * Attributes of the root span: OpenTelemetry's names where they exist, ours below `handfast.`. Each is named here; no
 * field of a timeline gets into a span by being there.
 */
export function handshakeAttributes(timeline: Timeline, endpoints: Endpoints | undefined): OptionalAttributes {
  return {
    ...networkAttributes(timeline, endpoints),
    ...tlsAttributes(timeline),
    ...stateAttributes(timeline),
    ...negotiationAttributes(timeline),
    ...failureAttributes(timeline),
  };
}

export function stepAttributes({ direction, bytes, waited }: Step): OptionalAttributes {
  return {
    'handfast.message.direction': direction,
    'handfast.message.bytes': bytes,
    'handfast.waited': direction === 'received' ? seconds(waited) : undefined,
  };
}

export function askAttributes({ port, operation }: AskRecord): OptionalAttributes {
  return { 'handfast.port': port, 'handfast.operation': operation };
}

/** OpenTelemetry counts durations in seconds. */
export function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}

function networkAttributes(timeline: Timeline, endpoints: Endpoints | undefined): OptionalAttributes {
  const { serverName } = timeline.negotiated;
  if (endpoints === undefined) return { 'server.address': serverName };
  const { local, peer } = endpoints;
  const [client, server] = timeline.role === 'client' ? [local, peer] : [peer, local];
  return {
    'network.transport': 'tcp',
    'network.local.address': local.address,
    'network.local.port': local.port,
    'network.peer.address': peer.address,
    'network.peer.port': peer.port,
    'client.address': client.address,
    'client.port': client.port,
    'server.address': serverName ?? server.address,
    'server.port': server.port,
  };
}

function tlsAttributes(timeline: Timeline): OptionalAttributes {
  const { negotiated, offered, state } = timeline;
  return {
    'tls.protocol.name': 'tls',
    'tls.protocol.version': protocolVersion(timeline),
    'tls.established': state === 'completed' || state === 'confirmed',
    'tls.cipher': negotiated.cipherSuite,
    'tls.curve': negotiated.group,
    'tls.next_protocol': negotiated.applicationProtocol,
    'tls.resumed': negotiated.resumption === undefined ? undefined : negotiated.resumption === 'resumed',
    'tls.client.supported_ciphers': offered?.cipherSuites,
    'tls.server.hash.sha256': fingerprint(negotiated.serverChain),
    'tls.client.hash.sha256': fingerprint(negotiated.clientChain),
    [`tls.${peerOf(timeline)}.subject`]: negotiated.peerSubject,
  };
}

/** As OpenTelemetry writes it: `1.3`. Unset before it is negotiated. */
export function protocolVersion({ negotiated }: Timeline): string | undefined {
  return negotiated.protocol?.slice('TLS '.length);
}

function stateAttributes({ state, clientRandom, completedAt, confirmedAt, steps }: Timeline): OptionalAttributes {
  const confirmedAfter =
    completedAt === undefined || confirmedAt === undefined ? undefined : seconds(confirmedAt - completedAt);
  return {
    'handfast.client_random': clientRandom && hex(clientRandom),
    'handfast.state': state,
    'handfast.confirmed': state === 'confirmed',
    'handfast.confirmed_after': confirmedAfter,
    'handfast.waited': seconds(steps.reduce((sum, { waited }) => sum + waited, 0)),
    'handfast.worked': seconds(steps.reduce((sum, { startedAt, endedAt }) => sum + endedAt - startedAt, 0)),
  };
}

function negotiationAttributes({ negotiated, offered }: Timeline): OptionalAttributes {
  return {
    'handfast.hello_retried': negotiated.helloRetried,
    'handfast.resumption': negotiated.resumption,
    'handfast.early_data': negotiated.earlyData,
    'handfast.extended_master_secret': negotiated.extendedMasterSecret,
    'handfast.server_signature_scheme': negotiated.serverSignatureScheme,
    'handfast.client_signature_scheme': negotiated.clientSignatureScheme,
    'handfast.client_certificate': negotiated.clientCertificate,
    'handfast.offered.versions': offered?.versions,
    'handfast.offered.groups': offered?.groups,
    'handfast.offered.application_protocols': offered?.applicationProtocols,
  };
}

function failureAttributes({ failure }: Timeline): OptionalAttributes {
  if (failure === undefined) return {};
  return {
    'handfast.failure.by': failure.by,
    'handfast.failure.step': failure.step,
    'handfast.failure.alert': failure.alert,
    'handfast.failure.detail': failure.detail,
    'handfast.late': failure.late === undefined ? undefined : seconds(failure.late),
  };
}

/** SHA-256 of the end entity's certificate, in upper case as the convention asks. */
function fingerprint(chain: readonly Uint8Array[] | undefined): string | undefined {
  const endEntity = chain?.[0];
  return endEntity && hash('sha256', endEntity, 'hex').toUpperCase();
}
