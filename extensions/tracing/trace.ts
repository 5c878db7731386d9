import {
  context,
  propagation,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
} from '@opentelemetry/api'
import { traceparentIn, TracedSpan, type SpanOptions } from './TracedSpan.ts'

/** The W3C `traceparent` of what is under way; undefined when it belongs to no trace. */
export const activeTraceparent = (): string | undefined => traceparentIn(context.active())

/** Runs `work` in a span beneath the active one; without spans around it, just runs it. */
export const inSpan = <Result>(
  name: string,
  options: SpanOptions,
  work: () => Promise<Result>,
): Promise<Result> =>
  trace.getActiveSpan() ? new TracedSpan(name, options, context.active()).around(work) : work()

/** A span beneath the active one, or the first of a trace of its own. */
export const startActive = (name: string, options: SpanOptions): TracedSpan =>
  new TracedSpan(name, options, context.active())

/** A span in which to answer a request with these headers: beneath the caller's where they name one. */
export const traceRequest = (
  headers: Readonly<Record<string, unknown>>,
  name: string,
  attributes: Attributes,
): TracedSpan =>
  new TracedSpan(name, { kind: 'server', attributes }, propagation.extract(ROOT_CONTEXT, headers))

/**
 * A span beneath the one that the `traceparent` names. Where several name different ones, it begins a trace of its own
 * and links to each, as OpenTelemetry asks of batches. Undefined when none is sampled.
 */
export const startCaused = (
  traceparents: readonly string[],
  name: string,
  options: SpanOptions,
): TracedSpan | undefined => {
  if (traceparents.length === 0) return undefined
  const causes = [...new Set(traceparents)].map(contextOf).filter(isSampled)
  const [first] = causes
  if (!first) return undefined
  if (causes.length === 1) return new TracedSpan(name, options, first)
  const links = causes.map((cause) => ({ context: trace.getSpanContext(cause)! }))
  return new TracedSpan(name, options, ROOT_CONTEXT, links)
}

/** Runs `work` in such a span, or outside of all traces. */
export const continueTraces = <Result>(
  traceparents: readonly string[],
  name: string,
  options: SpanOptions,
  work: () => Promise<Result>,
): Promise<Result> => startCaused(traceparents, name, options)?.around(work) ?? outsideTraces(work)

/** Runs `work` apart from the trace that happens to be active, such as that of a request which set a timer for all. */
export const outsideTraces = <Result>(work: () => Result): Result => context.with(ROOT_CONTEXT, work)

/** The id of a trace, for whoever looks for it; undefined in a process that traces nothing. */
export const traceIdOf = (traceparent: string): string | undefined =>
  trace.getSpanContext(contextOf(traceparent))?.traceId

const contextOf = (traceparent: string): Context => propagation.extract(ROOT_CONTEXT, { traceparent })

const isSampled = (where: Context): boolean =>
  ((trace.getSpanContext(where)?.traceFlags ?? TraceFlags.NONE) & TraceFlags.SAMPLED) !== 0
