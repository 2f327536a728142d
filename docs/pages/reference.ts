import { annotationReference } from './annotations.ts'
import { commandNames, commandReference, exitCodeReference } from './commands.ts'
import { configurationReference } from './configuration.ts'
import { metricReference } from './metrics.ts'
import { eventReference, reasonReference } from './reasons.ts'

/** docs/reference.md */
export async function referencePage(): Promise<string> {
  const commands = commandNames().map((name) => `[${name}](#usher-${name.replace(' ', '-')})`)
  return [
    '<!-- Generated from the code by `npm run docs`; where it is stale, a test fails. -->',
    '# Reference',
    '',
    '- [Labels and annotations](#labels-and-annotations) of namespaces and pods',
    '- [Configuration](#configuration): the file of the webhook and of `usher inject`',
    `- [Commands](#commands) and their flags: ${[...commands, '[usher-wait](#usher-wait)'].join(', ')}`,
    '- [Exit codes](#exit-codes)',
    '- [Reasons](#reasons): why something was done to a pod, or not',
    '- [Events](#events)',
    '- [Metrics](#metrics)',
    '',
    'Elsewhere: the [values of the chart](../deploy/chart/README.md#values), the [protocol of the lock](lock.md#the-protocol), the',
    '[problem documents](errors.md) of the servers, the [checks](checks.md) of `usher check`.',
    '',
    '## Labels and annotations',
    '',
    ...annotationReference(),
    '',
    '## Configuration',
    '',
    ...configurationReference(),
    '',
    '## Commands',
    '',
    ...(await commandReference()),
    '',
    '## Exit codes',
    '',
    ...exitCodeReference(),
    '',
    '## Reasons',
    '',
    ...reasonReference(),
    '',
    '## Events',
    '',
    ...eventReference(),
    '',
    '## Metrics',
    '',
    ...metricReference(),
    '',
  ].join('\n')
}
