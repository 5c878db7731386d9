import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
} from '@opentelemetry/api'

export interface SpanOptions {
  readonly kind: keyof typeof kinds
  /** Names, ids and counts; never content, never secrets. */
  readonly attributes?: Attributes
}

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

const tracer = trace.getTracer('codraft')

/** A span that has begun. Whoever starts it ends it. */
export class TracedSpan {
  readonly #span: Span
  readonly #context: Context

  constructor(name: string, { kind, attributes }: SpanOptions, parent: Context, links: Link[] = []) {
    this.#span = tracer.startSpan(
      name,
      { kind: kinds[kind], links, ...(attributes && { attributes }) },
      parent,
    )
    this.#context = trace.setSpan(parent, this.#span)
  }

  /** False when its trace is not sampled. */
  get isRecording(): boolean {
    return this.#span.isRecording()
  }

  /** By which what it causes continues its trace. */
  get traceparent(): string | undefined {
    return traceparentIn(this.#context)
  }

  /** Runs `work` beneath it. */
  run<Result>(work: () => Result): Result {
    return context.with(this.#context, work)
  }

  /** Runs `work` beneath it and ends it. */
  async around<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await this.run(work)
      this.end()
      return result
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  end(attributes?: Attributes): void {
    if (attributes) this.#span.setAttributes(attributes)
    this.#span.end()
  }

  /** Ends it with the type of the error: messages of errors may hold what users have written. */
  fail(error?: unknown, attributes?: Attributes): void {
    if (error !== undefined) this.#span.setAttribute('error.type', typeOf(error))
    this.#span.setStatus({ code: SpanStatusCode.ERROR })
    this.end(attributes)
  }
}

export const traceparentIn = (where: Context): string | undefined => {
  if (!trace.getSpan(where)) return undefined
  const carrier: Record<string, string> = {}
  propagation.inject(where, carrier)
  return carrier['traceparent']
}

const typeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  return 'errorCode' in error && typeof error.errorCode === 'string' ? error.errorCode : error.name
}
