import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { codeOf, plain, tableOf, withPart } from './markdown.ts'

/** The rules that the chart installs with `alerts.enabled`, and that Prometheus reads as they are. */
export const alertsFile = new URL('../../deploy/chart/alerts/usher.yaml', import.meta.url)

/** One rule. */
export interface Alert {
  readonly name: string
  readonly expression: string
  /** How long it must hold; empty: at once. */
  readonly holds: string
  readonly severity: string
  readonly summary: string
  /** What to do. */
  readonly description: string
}

/** All rules, in their order. */
export function readAlerts(): readonly Alert[] {
  const { groups } = objectOf(parse(readFileSync(alertsFile, 'utf8')))
  return listOf(groups).flatMap(({ rules }) => listOf(rules)).map((rule) => {
    const annotations = objectOf(rule['annotations'])
    return {
      name: textOf(rule['alert']),
      expression: textOf(rule['expr']),
      holds: textOf(rule['for'] ?? ''),
      severity: textOf(objectOf(rule['labels'])['severity']),
      summary: textOf(annotations['summary']),
      description: textOf(annotations['description']),
    }
  })
}

/** docs/operations.md with the alerts of today. */
export function withAlertTable(page: string): string {
  return withPart(page, 'the alerts', alertTable())
}

function alertTable(): readonly string[] {
  return tableOf(['alert', 'when', 'for', 'severity', 'what it says, and what to do'], readAlerts().map((alert) => [
    codeOf(alert.name),
    codeOf(alert.expression.trim().replaceAll(/\s+/g, ' ')),
    alert.holds,
    alert.severity,
    plain(`${alert.summary.replaceAll(/\{\{.*?\}\}/g, '…')} ${alert.description}`),
  ]))
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`${JSON.stringify(value)} is no text`)
  return value
}
