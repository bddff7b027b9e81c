import type { Endpoint } from '@handfast/record-service';
import { endpointText } from '../flags/endpoint.ts';
import { UsageError } from '../usage-error.ts';

/** Tells people why the gateway cannot listen there, and what to do; other errors are given back as they are. */
export function listenError(error: unknown, listen: Endpoint): unknown {
  const where = `--listen ${endpointText(listen)}`;
  switch (codeOf(error)) {
    case 'EADDRINUSE': {
      const next = endpointText({ ...listen, port: listen.port === 65_535 ? 0 : listen.port + 1 });
      return new UsageError(
        `port ${listen.port} is taken (${where}); choose another one, such as with --listen ${next}, or 0 for any that is free`,
      );
    }
    case 'EACCES':
      return new UsageError(`${where}: this user may not listen on port ${listen.port}; choose one from 1024 on`);
    case 'EADDRNOTAVAIL':
      return new UsageError(`${where}: ${listen.host} is no address of this machine; try 127.0.0.1 or 0.0.0.0`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new UsageError(`${where}: there is no address for the name ${listen.host}`);
    default:
      return error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
