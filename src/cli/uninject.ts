import { type Uninjection, uninjectDocument } from '../manifest/uninject.ts'
import { changeManifests } from './change-manifests.ts'
import type { Command } from './command.ts'
import { manifestFlags, outputFlag, readForm } from './manifest-flags.ts'
import { findSources } from './manifest-sources.ts'

/** `usher uninject` */
export const uninjectCommand: Command = {
  name: 'uninject',
  summary: 'take out of manifests what usher inject has put in',
  description:
    'Reads manifests and writes them without what usher has put in, by what the annotation usher.dev/status tells: as ' +
    'they were before, byte for byte. What somebody has changed since stays, and is named on stderr.',
  flags: {
    ...manifestFlags,
    output: outputFlag(),
  },
  examples: ['usher uninject -f web.yaml', 'usher inject -f web.yaml | usher uninject -f - | diff web.yaml -'],
  async run(values, output) {
    const sources = await findSources(values)
    return changeManifests<Uninjection>(
      {
        command: 'uninject',
        sources,
        form: readForm<Uninjection>(values, sources),
        quiet: values.isOn('quiet'),
        change: uninjectDocument,
        describe: ({ isChanged }) => (isChanged ? 'taken out' : 'not injected'),
        warnings: () => [],
      },
      output,
    )
  },
}
