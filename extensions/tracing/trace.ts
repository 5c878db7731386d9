import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
} from '@opentelemetry/api'

export interface SpanOptions {
  readonly kind: 'server' | 'client' | 'producer' | 'consumer'
  /** Names, ids and counts; never content, never secrets. */
  readonly attributes?: Attributes
}

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

const tracer = trace.getTracer('codraft')

/** The W3C `traceparent` of what is under way; undefined when it belongs to no trace. */
export const activeTraceparent = (): string | undefined => {
  if (!trace.getActiveSpan()) return undefined
  const carrier: Record<string, string> = {}
  propagation.inject(context.active(), carrier)
  return carrier['traceparent']
}

/** Runs `work` in a span beneath the active one; without spans around it, just runs it. */
export const inSpan = <Result>(
  name: string,
  options: SpanOptions,
  work: () => Promise<Result>,
): Promise<Result> => (trace.getActiveSpan() ? run(context.active(), name, options, work) : work())

/** Runs `work` in a span beneath the one that `traceparent` names; without one, just runs it. */
export const continueTrace = <Result>(
  traceparent: string | undefined,
  name: string,
  options: SpanOptions,
  work: () => Promise<Result>,
): Promise<Result> => {
  if (traceparent === undefined) return work()
  const parent = propagation.extract(ROOT_CONTEXT, { traceparent })
  return trace.getSpanContext(parent) ? run(parent, name, options, work) : work()
}

/** A span for a request with these headers, and the context in which to answer it. End the span with the answer. */
export const traceRequest = (
  headers: Readonly<Record<string, unknown>>,
  name: string,
  attributes: Attributes,
): { readonly span: Span; readonly context: Context } => {
  const parent = propagation.extract(ROOT_CONTEXT, headers)
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
  return { span, context: trace.setSpan(parent, span) }
}

const run = async <Result>(
  parent: Context,
  name: string,
  { kind, attributes }: SpanOptions,
  work: () => Promise<Result>,
): Promise<Result> => {
  const span = tracer.startSpan(name, { kind: kinds[kind], ...(attributes && { attributes }) }, parent)
  try {
    return await context.with(trace.setSpan(parent, span), work)
  } catch (error) {
    // Messages of errors may hold what users have written.
    span.setAttribute('error.type', typeOf(error))
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}

const typeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  return 'errorCode' in error && typeof error.errorCode === 'string' ? error.errorCode : error.name
}
