import { type OptionKind, options, scopes } from './options.ts';

/** A shell function that ends the shell with 89 where one of its arguments is an option that is not known. */
export function knownOptionsFunction(): string {
  const named = (wanted: (kind: OptionKind) => boolean) =>
    Object.entries(options)
      .filter(([, kind]) => wanted(kind))
      .map(([name]) => name)
      .join('|');
  const withoutPrefix = (prefix: string) => `      -on-${prefix}-*) option=\${option#-on-${prefix}} ;;`;
  return `refuse_unknown() {
  while [ $# -gt 0 ]; do
    option=$1
    case $option in
${['shim', 'handshaker'].map(withoutPrefix).join('\n')}
    esac
    case $option in
${scopes.map(withoutPrefix).join('\n')}
    esac
    case $option in
      ${named((kind) => kind === 'flag')}) shift ;;
      ${named((kind) => kind !== 'flag')}) shift; [ $# -gt 0 ] && shift ;;
      *) exit 89 ;;
    esac
  done
}
`;
}
