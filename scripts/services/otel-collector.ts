import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, cachePath } from './cache.ts'
import { findCommand, run } from './command.ts'
import { goTool } from './go-tool.ts'
import { freePort } from './network.ts'
import { runningService, type Service } from './Service.ts'
import { ServiceProcess } from './ServiceProcess.ts'

const version = 'v0.165.0'
const core = 'go.opentelemetry.io/collector'
/** As the builder wants them: path, space, version. */
const modules = {
  configuration: `${core}/confmap/provider/envprovider v1.71.0`,
  receiver: `${core}/receiver/otlpreceiver ${version}`,
  exporter: `github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter ${version}`,
}

const builder = goTool('otel-collector-builder', { package: `${core}/cmd/builder`, version })
const program = `otel-collector-${version}`

/** OpenTelemetry Collector: takes traces by OTLP over HTTP, and writes each request as a line of JSON to a file. */
export const otelCollector: Service = {
  name: 'otel-collector',
  variables: ['CODRAFT_TEST_OTLP_URL', 'CODRAFT_TEST_OTLP_FILE'],
  async install() {
    await builder.install()
    await cached(program, `building the OpenTelemetry Collector ${version}`, build)
  },
  async start({ folder, port: wanted }) {
    const port = wanted ?? (await freePort())
    const url = `http://127.0.0.1:${port}`
    const file = join(folder, 'traces.jsonl')
    const configuration = {
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      exporters: { file: { path: file, flush_interval: '100ms' } },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: { receivers: ['otlp'], exporters: ['file'] } },
      },
    }
    const node = await ServiceProcess.start({
      command: cachePath(program),
      args: ['--config=env:CONFIGURATION'],
      env: { CONFIGURATION: JSON.stringify(configuration) },
      log: join(folder, 'collector.log'),
      isReady: () => takesTraces(url),
    })
    return runningService({ CODRAFT_TEST_OTLP_URL: url, CODRAFT_TEST_OTLP_FILE: file }, node)
  },
}

/**
 * A collector of the few parts that are needed; the published ones hold hundreds. The builder makes the sources only:
 * its `go mod tidy` would also fetch what the parts need for their own tests.
 */
const build = async (folder: string): Promise<string> => {
  const go = findCommand('go') ?? 'go'
  const sources = join(folder, 'sources')
  const manifest = join(folder, 'manifest.yaml')
  await mkdir(sources)
  await writeFile(
    manifest,
    JSON.stringify({
      dist: { name: 'collector', output_path: sources, go },
      providers: [{ gomod: modules.configuration }],
      receivers: [{ gomod: modules.receiver }],
      exporters: [{ gomod: modules.exporter }],
    }),
  )
  await run(builder.path, ['--skip-get-modules', '--skip-compilation', `--config=${manifest}`])
  await run(go, ['-C', sources, 'mod', 'init', 'collector'])
  await run(go, ['-C', sources, 'get', ...Object.values(modules).map((module) => module.replace(' ', '@'))])
  const binary = join(folder, 'collector')
  await run(go, ['-C', sources, 'build', '-mod=mod', '-ldflags=-s -w', '-o', binary])
  return binary
}

const takesTraces = async (url: string): Promise<boolean> => {
  try {
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: '{}' })).ok
  } catch {
    return false
  }
}
