// All words but those of the first page, in Chinese. Both sets of keys are the measure for the other language.
import { cases } from './case.zh'
import { checkpoint } from './checkpoint.zh'
import { codes } from './codes.zh'
import { crash } from './crash.zh'
import { desk } from './desk.zh'
import { hazard } from './hazard.zh'
import { history } from './history.zh'
import { intake } from './intake.zh'
import { backtest } from './backtest.zh'
import { jobs } from './jobs.zh'
import { people } from './people.zh'
import { judging } from './judging.zh'
import { limits } from './limits.zh'
import { platform } from './platform.zh'
import { road } from './road.zh'
import { inbox } from './inbox.zh'
import { pages } from './pages.zh'
import { terms } from './terms.zh'

export const rest = {
  ...cases,
  ...checkpoint,
  ...codes,
  ...crash,
  ...desk,
  ...hazard,
  ...history,
  ...intake,
  ...backtest,
  ...jobs,
  ...people,
  ...judging,
  ...limits,
  ...platform,
  ...road,
  ...inbox,
  ...pages,
  ...terms,
}
