import { z } from 'zod'
import { decimal, settings } from './leaf.ts'

const group = 'Traces'

/** Settings of traces, under the names that OpenTelemetry gives them. */
export const tracingSettings = {
  otlpEndpoint: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .register(settings, {
      env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      group,
      description:
        'Collector that takes traces by OTLP over HTTP, without /v1/traces at its end. Not set: nothing is traced. Its headers, time limit and certificates are set by the other variables that OpenTelemetry has for its exporter.',
    }),
  otelServiceName: z.string().min(1).default('codraft').register(settings, {
    env: 'OTEL_SERVICE_NAME',
    group,
    description: 'Name of this service in traces.',
  }),
  traceSampler: z
    .enum(['parentbased_traceidratio', 'traceidratio'], {
      error: 'must be parentbased_traceidratio or traceidratio',
    })
    .default('parentbased_traceidratio')
    .register(settings, {
      env: 'OTEL_TRACES_SAMPLER',
      group,
      description:
        'What decides whether a request is traced: parentbased_traceidratio = its caller, where it says, else the share of OTEL_TRACES_SAMPLER_ARG; traceidratio = always the share.',
    }),
  traceRatio: decimal(0, 1, 1).register(settings, {
    env: 'OTEL_TRACES_SAMPLER_ARG',
    group,
    description: 'Share of the traces that is kept, 0 to 1.',
  }),
}
