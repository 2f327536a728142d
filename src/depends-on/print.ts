import { formatSeconds } from '../units/duration.ts'
import { defaultTimeoutSeconds, type Dependency, targetText } from './dependency.ts'

/** Writes dependencies as the annotation has them, without what holds by default; `disabled` where there are none. */
export function printDependsOn(dependencies: readonly Dependency[]): string {
  return dependencies.length === 0 ? 'disabled' : dependencies.map(printDependency).join(', ')
}

function printDependency({ target, timeoutSeconds, onTimeout }: Dependency): string {
  const timeout = timeoutSeconds === defaultTimeoutSeconds ? '' : `:timeout=${formatSeconds(timeoutSeconds)}`
  return `${targetText(target)}${timeout}${onTimeout === 'proceed' ? '' : `:on-timeout=${onTimeout}`}`
}
