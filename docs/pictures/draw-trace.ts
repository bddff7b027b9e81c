// Draws the first trace of a trace file (`--trace-file` of handfast, OTLP JSON) as an SVG waterfall:
//   node docs/pictures/draw-trace.ts FILE [TRACE_ID] > docs/pictures/trace.svg
import { readFileSync } from 'node:fs';

interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** Microseconds since the Unix epoch. */
  readonly start: number;
  readonly end: number;
  readonly failed: boolean;
}

interface Row extends Span {
  readonly depth: number;
}

const layout = { width: 960, label: 400, right: 70, row: 22, top: 64 } as const;
const colours: Readonly<Record<string, string>> = {
  'handfast-gateway': '#2b6cb0',
  'handfast-trace': '#6b46c1',
  'handfast-key-exchange': '#c05621',
  'handfast-certificate': '#2f855a',
  'handfast-session': '#b7791f',
};
const waitColour = '#cbd5e0';

function readSpans(file: string): readonly Span[] {
  const requests = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }: OtlpResourceSpans) =>
      scopeSpans.flatMap(({ spans }) => spans.map((span) => spanOf(span, serviceOf(resource)))),
    ),
  );
}

interface OtlpResourceSpans {
  readonly resource: {
    readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
  };
  readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
}

function serviceOf(resource: OtlpResourceSpans['resource']): string {
  return resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
}

function spanOf(span: OtlpSpan, service: string): Span {
  return {
    service,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    name: span.name,
    start: Number(BigInt(span.startTimeUnixNano) / 1000n),
    end: Number(BigInt(span.endTimeUnixNano) / 1000n),
    failed: span.status?.code === 2,
  };
}

/** Parents before their children, children by their start. */
function rowsBelow(parent: string, spans: readonly Span[], depth: number): readonly Row[] {
  return spans
    .filter((span) => span.parentSpanId === parent)
    .sort((a, b) => a.start - b.start || a.end - b.end)
    .flatMap((span) => [{ ...span, depth }, ...rowsBelow(span.spanId, spans, depth + 1)]);
}

function draw(rows: readonly Row[]): string {
  const start = Math.min(...rows.map((row) => row.start));
  const end = Math.max(...rows.map((row) => row.end));
  const { width, label, right, row: height, top } = layout;
  const x = (time: number) => label + ((time - start) / (end - start)) * (width - label - right);
  const services = [...new Set(rows.map((row) => row.service))];
  const legend = services.map((service, index) => {
    const left = 20 + index * 190;
    return `<rect x="${left}" y="36" width="12" height="12" rx="2" fill="${colours[service] ?? '#4a5568'}"/><text x="${left + 18}" y="46">${service}</text>`;
  });
  const bars = rows.map((row, index) => {
    const y = top + index * height;
    const colour = row.failed
      ? '#c53030'
      : row.name.startsWith('wait')
        ? waitColour
        : (colours[row.service] ?? '#4a5568');
    const left = x(row.start);
    const barWidth = Math.max(2, x(row.end) - left);
    return [
      index % 2 === 0 ? `<rect x="0" y="${y}" width="${width}" height="${height}" fill="#f7fafc"/>` : '',
      `<text x="${20 + row.depth * 18}" y="${y + 15}"${row.depth === 0 ? ' font-weight="600"' : ''}>${row.name}</text>`,
      `<rect x="${left.toFixed(1)}" y="${y + 5}" width="${barWidth.toFixed(1)}" height="${height - 10}" rx="2" fill="${colour}"/>`,
      `<text x="${(left + barWidth + 5).toFixed(1)}" y="${y + 15}" fill="#718096" font-size="11">${milliseconds(row)}</text>`,
    ].join('');
  });
  const [first] = rows;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + rows.length * height + 12}" font-family="system-ui, sans-serif" font-size="12.5" fill="#1a202c">`,
    `<title>The spans of trace ${first?.traceId}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="20" y="22" font-weight="600">trace ${first?.traceId}</text>`,
    ...legend,
    ...bars,
    '</svg>',
    '',
  ].join('\n');
}

function milliseconds({ start, end }: Span): string {
  const duration = (end - start) / 1000;
  return `${duration < 10 ? duration.toFixed(2) : duration.toFixed(1)} ms`;
}

const [file, wanted] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node docs/pictures/draw-trace.ts FILE [TRACE_ID]');
  process.exit(2);
}
const spans = readSpans(file);
const traceId = wanted ?? spans[0]?.traceId;
process.stdout.write(
  draw(
    rowsBelow(
      '',
      spans.filter((span) => span.traceId === traceId),
      0,
    ),
  ),
);
