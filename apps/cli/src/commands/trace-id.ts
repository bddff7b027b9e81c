import { Argument, type Command, InvalidArgumentError } from 'commander';

export function addTraceId(program: Command): void {
  program
    .command('trace-id')
    .summary('print the trace ID of a handshake')
    .description(
      'Prints the ID of the trace that a handshake has, from its ClientHello.random: the first 16 bytes of\n' +
        'SHA-256("handfast trace id" || client random). A packet capture and an NSS key log show the client random.',
    )
    .addArgument(new Argument('<CLIENT_RANDOM_HEX>', '32 bytes as 64 hexadecimal digits').argParser(clientRandom))
    .addHelpText('after', examples)
    .action(async (random: string) => {
      const [{ traceIdOf }, { nativeCrypto }, { fromHex, toHex }] = await Promise.all([
        import('@handfast/handshake'),
        import('@handfast/crypto/native'),
        import('@handfast/wire'),
      ]);
      console.log(toHex(traceIdOf(nativeCrypto, fromHex(random))));
    });
}

function clientRandom(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new InvalidArgumentError(`It needs 64 hexadecimal digits (32 bytes), and has ${text.length} characters.`);
  }
  return text;
}

const examples = `
Example:
  handfast trace-id "$(awk '{ print $2; exit }' keys.log)"`;
