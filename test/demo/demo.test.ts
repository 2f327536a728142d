import { readdirSync } from 'node:fs'
import t from 'tap'
import { demoCommand, playDemo } from './play-demo.ts'

const examples = readdirSync(new URL('../../deploy/examples/', import.meta.url))
const short = [...demoCommand, '--scale', '0.05']

t.test('shows every example with its diff and reasons, then nap, then the boot, in plain lines', async (t) => {
  const playing = playDemo(t, short)
  t.same(await playing.ended, { code: 0, left: [] })
  const stdout = playing.stdout()
  for (const file of examples) t.match(stdout, `deploy/examples/${file}`)
  t.match(stdout, /^ {4}\+ +- name: usher-lock$/m, 'an added line of the diff')
  t.match(stdout, /^ {4}- +terminationGracePeriodSeconds: 45$/m, 'a removed line of the diff')
  t.match(stdout, 'lock-added: An init container was added')
  t.match(stdout, `${examples.length} pods were reviewed over TLS`)
  t.match(stdout, /^ {2}Sleeping\.\.\.\n {2}Done!\n {2}ended with 0$/m)
  t.match(stdout, /^Boot without usher$/m)
  t.match(stdout, /^ +\d+\.\d s {2}mail-0 +ready$/m)
  t.match(stdout, /^Boot with usher$/m)
  t.match(stdout, /^ +\d+\.\d s {2}\S+ +waits: (next|\d ahead) \(holder shop\/\S+, \d+ s.*\)$/m, "usher-wait's own words")
  t.match(stdout, /^ +\d+\.\d s {2}\S+ +starts: its turn$/m)
  t.match(stdout, /^over the limit +\d of 8 +\d of 8$/m)
  t.notMatch(stdout, '\u001b[', 'no colours, and nothing drawn again, where no terminal is')
  t.equal(playing.stderr(), '')
  t.same(readdirSync(playing.temporary), [])
})

t.test('is coloured where colours are forced, and says what is left out without a compiler', async (t) => {
  const playing = playDemo(t, short, { FORCE_COLOR: '1', PATH: t.testdirName })
  t.same(await playing.ended, { code: 0, left: [] })
  t.match(playing.stdout(), '\u001b[32m')
  t.match(playing.stdout(), /the boot of a node .*left out: make and cc and objcopy not found; a C compiler builds them\.$/m)
  t.notMatch(playing.stdout(), 'Boot with')
})

t.test('cleans up after itself when it is interrupted', async (t) => {
  const playing = playDemo(t, short)
  await playing.says('An API server')
  playing.child.kill('SIGINT')
  t.same(await playing.ended, { code: 1, left: [] })
  t.equal(playing.stderr(), 'usher demo: ended by SIGINT\n')
  t.same(readdirSync(playing.temporary), [])
})

t.test('refuses a scale that is none', async (t) => {
  for (const scale of ['0.01', '11', '1e1']) {
    const playing = playDemo(t, [...demoCommand, `--scale=${scale}`])
    t.same(await playing.ended, { code: 2, left: [] }, scale)
    t.match(playing.stderr(), `--scale: "${scale}" is not a number from 0.05 to 10`)
  }
})
