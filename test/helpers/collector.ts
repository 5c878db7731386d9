import { readFile } from 'node:fs/promises'
import { serviceVariable } from './services.ts'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for the first of a trace. */
  readonly parentSpanId: string
  readonly name: string
  readonly links: readonly string[]
  readonly attributes: Readonly<Record<string, unknown>>
  /** `service.name` of its process, and the process. */
  readonly service: string
  readonly pid: number
}

/** What processes of a service need in their environment to send traces to the collector. */
export const collectorSettings = (service: string): Readonly<Record<string, string>> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: serviceVariable('CODRAFT_TEST_OTLP_URL'),
  OTEL_SERVICE_NAME: service,
})

/** All spans of a service that the collector has written. */
export const collectedSpans = async (service: string): Promise<readonly CollectedSpan[]> => {
  const lines = (await readFile(serviceVariable('CODRAFT_TEST_OTLP_FILE'), 'utf8')).split('\n')
  // The last line may still be written.
  const requests = lines.slice(0, -1).map((line) => JSON.parse(line) as Request)
  return requests.flatMap(spansIn).filter((span) => span.service === service)
}

interface Attribute {
  readonly key: string
  /** One member, named after the type: `{ stringValue: 'a' }`; numbers as text. */
  readonly value: Readonly<Record<string, unknown>>
}

interface Request {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes?: readonly Attribute[] }
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string
        readonly spanId: string
        readonly parentSpanId?: string
        readonly name: string
        readonly links?: readonly { readonly spanId: string }[]
        readonly attributes?: readonly Attribute[]
      }[]
    }[]
  }[]
}

const spansIn = ({ resourceSpans }: Request): CollectedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const of = valuesOf(resource.attributes)
    const [service, pid] = [String(of['service.name']), Number(of['process.pid'])]
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId = '', name, links = [], attributes }) => ({
        traceId,
        spanId,
        parentSpanId,
        name,
        links: links.map((link) => link.spanId),
        attributes: valuesOf(attributes),
        service,
        pid,
      })),
    )
  })

const valuesOf = (attributes: readonly Attribute[] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
