import { setTimeout } from 'node:timers/promises'
import { context, propagation, trace } from '@opentelemetry/api'
import type { Config } from './config.ts'
import { version } from './version.ts'

export interface Tracing {
  /** Sends what is left, when the collector takes it within two seconds. */
  stop(): Promise<void>
}

const stopMs = 2_000
/** What a process that is killed had not sent is lost. */
const sendEveryMs = 1_000

/** Sends the traces of this process to the collector of the settings; undefined when they name none. */
export const startTracing = async (config: Config): Promise<Tracing | undefined> => {
  const { otlpEndpoint, otelServiceName, traceSampler, traceRatio } = config
  if (otlpEndpoint === undefined) return undefined
  // Not loaded by those who trace nothing.
  const [sdk, exporters, resources, contexts, core] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/core'),
  ])
  const { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } = sdk
  const exporter = new exporters.OTLPTraceExporter({ url: `${otlpEndpoint}/v1/traces` })
  const share = new TraceIdRatioBasedSampler(traceRatio)
  const sampler = traceSampler === 'traceidratio' ? share : new ParentBasedSampler({ root: share })
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': otelServiceName,
      'service.version': version,
      'process.pid': process.pid,
    }),
    sampler: {
      // Links are to sampled spans only: what their traces have caused together belongs to them.
      shouldSample: (where, traceId, name, kind, attributes, links) =>
        links.length > 0
          ? { decision: sdk.SamplingDecision.RECORD_AND_SAMPLED }
          : sampler.shouldSample(where, traceId, name, kind, attributes, links),
      toString: () => `linked or ${sampler.toString()}`,
    },
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: sendEveryMs })],
  })
  context.setGlobalContextManager(new contexts.AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new core.W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  return {
    // A collector that is away is no reason to end badly, or late.
    async stop() {
      const sent = provider.shutdown().catch(() => undefined)
      await Promise.race([sent, setTimeout(stopMs)])
    },
  }
}
