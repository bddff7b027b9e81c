import { NamedGroup, type ServiceWork, TlsError } from '@handfast/wire';
import { describe, expect, it, vi } from 'vitest';
import { contextOf, makeGate } from '../testing/context.ts';
import { failing, keyExchangeWith, later } from '../testing/key-exchanges.ts';
import { EmbeddedBus } from './embedded-bus.ts';
import { hostKeyExchange } from './host.ts';
import { RemoteKeyExchange } from './remote-key-exchange.ts';

describe('EmbeddedBus', () => {
  const offer = { groups: [NamedGroup.x25519] };

  it('answers before it returns, where the port does', () => {
    const bus = new EmbeddedBus();
    hostKeyExchange(bus, keyExchangeWith([]));
    expect(new RemoteKeyExchange(bus).offer(offer, contextOf())).not.toBeInstanceOf(Promise);
  });

  it('waits where the port does', async () => {
    const bus = new EmbeddedBus();
    hostKeyExchange(bus, later(keyExchangeWith([]), Promise.resolve()));
    const answer = new RemoteKeyExchange(bus).offer(offer, contextOf());
    expect(answer).toBeInstanceOf(Promise);
    expect((await answer).shares).toHaveLength(1);
  });

  it('reports the work of the service', () => {
    const bus = new EmbeddedBus();
    hostKeyExchange(bus, keyExchangeWith([]));
    const works: ServiceWork[] = [];
    new RemoteKeyExchange(bus).offer(offer, contextOf({ report: (work) => works.push(work) }));
    expect(works).toEqual([
      {
        service: 'key-exchange',
        instance: 'embedded',
        operation: 'offer',
        startedAt: expect.any(Number),
        duration: expect.any(Number),
      },
    ]);
    expect(Math.abs((works[0]?.startedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('reports the work of a service that failed too, and keeps its reason', () => {
    const bus = new EmbeddedBus();
    hostKeyExchange(bus, failing(new TlsError('invalid-key-share', 'the point is not on the curve')));
    const report = vi.fn();
    expect(() => new RemoteKeyExchange(bus).offer(offer, contextOf({ report }))).toThrow(
      new TlsError('invalid-key-share', 'the point is not on the curve'),
    );
    expect(report).toHaveBeenCalledOnce();
  });

  it('tells the host of a fault, and the asker nothing of it', () => {
    const bus = new EmbeddedBus();
    const onError = vi.fn();
    const fault = new Error('secret of the service');
    hostKeyExchange(bus, failing(fault), { onError });
    const ask = () => new RemoteKeyExchange(bus).offer(offer, contextOf());
    expect(ask).toThrow(expect.objectContaining({ reason: 'service-failed' }));
    expect(ask).not.toThrow(/secret/);
    expect(onError).toHaveBeenCalledWith(fault);
  });

  it('fails at once where nobody hosts the service', () => {
    const remote = new RemoteKeyExchange(new EmbeddedBus());
    expect(() => remote.offer(offer, contextOf())).toThrow(expect.objectContaining({ reason: 'service-unavailable' }));
  });

  it('refuses a second host of a service', () => {
    const bus = new EmbeddedBus();
    hostKeyExchange(bus, keyExchangeWith([]));
    expect(() => hostKeyExchange(bus, keyExchangeWith([]))).toThrow(
      expect.objectContaining({ reason: 'configuration-invalid' }),
    );
  });

  it('is busy at once over the capacity of the service, and free again after', async () => {
    const bus = new EmbeddedBus();
    const gate = makeGate();
    hostKeyExchange(bus, later(keyExchangeWith([]), gate.passed), { capacity: 1 });
    const remote = new RemoteKeyExchange(bus);
    const first = remote.offer(offer, contextOf());
    expect(() => remote.offer(offer, contextOf())).toThrow(expect.objectContaining({ reason: 'service-busy' }));
    gate.open();
    await first;
    await expect(remote.offer(offer, contextOf())).resolves.toHaveProperty('shares');
  });

  it('cancels an ask for which nobody waits, and what is under way when it closes', async () => {
    const bus = new EmbeddedBus();
    hostKeyExchange(bus, later(keyExchangeWith([]), new Promise(() => {})));
    const remote = new RemoteKeyExchange(bus);
    const left = makeGate();
    const abandoned = remote.offer(offer, contextOf({ onCancel: (listener) => left.passed.then(listener) }));
    const waiting = remote.offer(offer, contextOf());
    left.open();
    await expect(abandoned).rejects.toMatchObject({ reason: 'cancelled' });
    await bus.close();
    await expect(waiting).rejects.toMatchObject({ reason: 'cancelled' });
  });

  it('fails an ask at its deadline, has room for another then, and does not wait for it to stop', async () => {
    const bus = new EmbeddedBus();
    const serving = await hostKeyExchange(bus, later(keyExchangeWith([]), new Promise(() => {})), { capacity: 1 });
    const remote = new RemoteKeyExchange(bus);
    const ask = () => remote.offer(offer, contextOf({ deadline: Date.now() + 20 }));
    for (let asks = 0; asks < 2; asks++) await expect(ask()).rejects.toMatchObject({ reason: 'service-timeout' });
    const last = ask();
    const stopped = serving.stop();
    await expect(last).rejects.toMatchObject({ reason: 'service-timeout' });
    await stopped;
  });

  it('lets what is under way end when a service stops', async () => {
    const bus = new EmbeddedBus();
    const gate = makeGate();
    const serving = await hostKeyExchange(bus, later(keyExchangeWith([]), gate.passed));
    const remote = new RemoteKeyExchange(bus);
    const first = remote.offer(offer, contextOf());
    const stopped = serving.stop();
    expect(() => remote.offer(offer, contextOf())).toThrow(expect.objectContaining({ reason: 'service-unavailable' }));
    gate.open();
    await expect(first).resolves.toHaveProperty('shares');
    await stopped;
  });
});
