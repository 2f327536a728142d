import { allContainers, shown } from './pod-reader.ts'
import { type Amounts, effectiveLimits, effectiveRequests, limitsOf, requestsOf } from './qos.ts'
import { quantity } from './quantity.ts'

/** One entry of a LimitRange's `spec.limits`, without defaults. */
export interface LimitRangeItem {
  readonly type: 'Container' | 'Pod'
  readonly min?: Readonly<Record<string, string>>
  readonly max?: Readonly<Record<string, string>>
  readonly maxLimitRequestRatio?: Readonly<Record<string, string>>
}

/**
 * Why a LimitRange rejects a pod (plugin/pkg/admission/limitranger, since 1.28); empty where it admits it. Every
 * init container is held to the limits of type Container, as every regular one.
 */
export function limitRangeViolations(limits: readonly LimitRangeItem[], pod: unknown): string[] {
  return limits.flatMap((item) => {
    if (item.type === 'Pod') return violations(item, 'the pod', effectiveRequests(pod), effectiveLimits(pod))
    return allContainers(pod).flatMap((container) =>
      violations(item, `container ${shown(container['name'])}`, requestsOf(container), limitsOf(container)),
    )
  })
}

const one = quantity(1)

function violations(item: LimitRangeItem, who: string, requests: Amounts, limits: Amounts): string[] {
  const found: string[] = []
  for (const [name, text] of Object.entries(item.min ?? {})) {
    const least = quantity(text)
    const request = requests.get(name)
    const limit = limits.get(name)
    if (request === undefined) found.push(`${who} has no request for ${name}, and the least is ${text}`)
    else if (request < least) found.push(`${who} requests less ${name} than ${text}`)
    if (limit !== undefined && limit < least) found.push(`${who} has a limit of ${name} below ${text}`)
  }
  for (const [name, text] of Object.entries(item.max ?? {})) {
    const most = quantity(text)
    const request = requests.get(name)
    const limit = limits.get(name)
    if (limit === undefined) found.push(`${who} has no limit for ${name}, and the most is ${text}`)
    else if (limit > most) found.push(`${who} has a limit of ${name} above ${text}`)
    if (request !== undefined && request > most) found.push(`${who} requests more ${name} than ${text}`)
  }
  for (const [name, text] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const request = requests.get(name) ?? 0n
    const limit = limits.get(name) ?? 0n
    if (request === 0n || limit === 0n) found.push(`${who} lacks a request or a limit for ${name}, so has no ratio`)
    else if (limit * one > request * quantity(text)) found.push(`${who} has a limit of ${name} above ${text} requests`)
  }
  return found
}
