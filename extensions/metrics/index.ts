export { Metrics, type MetricSources } from './Metrics.ts'
