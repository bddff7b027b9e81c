import { type Codec, vector16 } from '../codec.ts';
import { TlsError } from '../errors.ts';
import type { Extension, UnknownExtension } from '../extensions.ts';
import type { Reader } from '../reader.ts';
import { type ExtensionName, ExtensionType } from '../registries.ts';

/** How the content of each extension that a message may carry is written. */
export type ExtensionCodecs<Table> = { readonly [Name in keyof Table & ExtensionName]: Codec<Table[Name]> };

interface KnownExtension {
  readonly name: string;
  readonly type: number;
  /** The content and the length before it: `opaque extension_data<0..2^16-1>`. */
  readonly data: Codec<unknown>;
}

/**
 * `Extension extensions<min..max>` (RFC 8446 section 4.2) of one kind of message.
 *
 * An extension that is not in the table, be it unknown to Handfast or not meant for this message, is kept as bytes: only
 * the handshake knows what was offered, and so whether it is ignored, illegal_parameter or unsupported_extension.
 */
export function extensionBlock<Table>(
  codecs: ExtensionCodecs<Table>,
  min = 0,
  max?: number,
): Codec<readonly Extension<Table>[]> {
  const table = (Object.keys(codecs) as (keyof Table & ExtensionName)[]).map(
    (name): KnownExtension => ({ name, type: ExtensionType[name], data: vector16<unknown>(codecs[name], 0) }),
  );
  const byType = new Map(table.map((known) => [known.type, known]));
  const byName = new Map(table.map((known) => [known.name, known]));

  return vector16<readonly Extension<Table>[]>(
    {
      read(reader) {
        const extensions: Extension<Table>[] = [];
        if (reader.remaining === 0) return extensions;
        const seen = new Set<number>();
        while (reader.remaining > 0) {
          const type = reader.uint16();
          if (seen.has(type)) throw new TlsError('duplicate-extension', `extension ${type} appears twice`);
          seen.add(type);
          const known = byType.get(type);
          extensions.push(
            known === undefined
              ? { name: 'unknown', type, data: reader.vector16() }
              : ({ name: known.name, value: readData(reader, known) } as Extension<Table>),
          );
        }
        return extensions;
      },
      write(writer, extensions) {
        for (const extension of extensions as readonly (UnknownExtension | NamedExtension)[]) {
          if ('type' in extension) {
            writer.uint16(extension.type);
            writer.vector16(extension.data);
            continue;
          }
          const known = byName.get(extension.name);
          if (known === undefined) throw new TlsError('internal-error', `${extension.name} is not for this message`);
          writer.uint16(known.type);
          known.data.write(writer, extension.value);
        }
      },
    },
    min,
    max,
  );
}

interface NamedExtension {
  readonly name: string;
  readonly value: unknown;
}

function readData(reader: Reader, { name, data }: KnownExtension): unknown {
  try {
    return data.read(reader);
  } catch (error) {
    if (error instanceof TlsError) throw new TlsError(error.reason, `${name}: ${error.detail}`);
    throw error;
  }
}
