--- `:Byok` and its subcommands.

local actions = require('byok.actions')
local client = require('byok.client')
local fixes = require('byok.fixes')
local status = require('byok.status')
local window = require('byok.window')

local M = {}

---@param lines string[]
local function show(lines)
  vim.api.nvim_echo({ { table.concat(lines, '\n') } }, true, {})
end

---@param message string
local function complain(message)
  vim.notify('byok: ' .. message, vim.log.levels.ERROR)
end

local NOT_RUNNING = 'no server runs; open a file, or see :checkhealth byok'

--- Wraps a reply's handler so that a failure is said instead.
---@param then_ fun(result: any)
---@return fun(result: any, err: string?)
local function answered(then_)
  return function(result, err)
    if err then
      complain(err)
    else
      then_(result)
    end
  end
end

---@param sent boolean
local function needs_server(sent)
  if not sent then
    complain(NOT_RUNNING)
  end
end

---@param model string
---@param feature 'completion'|'action'
local function set_model(model, feature)
  local what = feature == 'action' and 'the model for code actions' or 'the model'
  needs_server(client.request('byok/setModel', { model = model, feature = feature }, answered(function()
    show({ ('byok: %s is now %s'):format(what, model) })
  end)))
end

--- A number of tokens as people say it.
---@param tokens integer
---@return string
local function size(tokens)
  if tokens < 1000 then
    return tostring(tokens)
  elseif tokens < 950000 then
    return ('%.0fk'):format(tokens / 1000)
  end
  return (('%.1fM'):format(tokens / 1000000):gsub('%.0M', 'M'))
end

--- A model in one line: its name, then what is known of it.
---@param model table
---@return string
local function describe(model)
  local facts = {}
  if model.ability == 'fill' then
    table.insert(facts, 'fills holes')
  elseif model.ability == 'chat' then
    table.insert(facts, 'chats')
  end
  if model.context then
    table.insert(facts, size(model.context))
  end
  if model.price then
    table.insert(facts, ('%s in, %s out a million'):format(status.money(model.price.input), status.money(model.price.output)))
  end
  if model.speed then
    local rate = model.speed.perSecond and (', %d tokens/s'):format(model.speed.perSecond) or ''
    table.insert(facts, ('%d ms to the first word%s'):format(model.speed.firstMs, rate))
  end
  if model.pool then
    table.insert(facts, 'one of ' .. table.concat(model.pool, ', '))
  end
  table.insert(facts, 'paid by ' .. model.payer)
  if model.hasKey == false then
    table.insert(facts, 'its key is missing')
  end
  return ('%s  (%s)'):format(model.id, table.concat(facts, '; '))
end

--- What the models' list is missing so far, if anything.
---@param lists table[]
---@return string
local function missing(lists)
  local asked = {}
  for _, list in ipairs(lists) do
    if list.refreshing then
      table.insert(asked, list.provider)
    end
  end
  return #asked > 0 and ('; asking %s, open it again for more'):format(table.concat(asked, ', ')) or ''
end

--- The embedded engine continues code; it cannot be told what to do, and neither can a model that only fills holes.
---@param model table
---@return boolean
local function holds_conversations(model)
  return model.id ~= 'local' and model.id ~= 'auto' and model.ability ~= 'fill'
end

---@param feature 'completion'|'action'
local function pick_model(feature)
  needs_server(client.request('byok/models', nil, answered(function(result)
    local models, current, what = result.models, result.current, 'Model'
    if feature == 'action' then
      models = vim.tbl_filter(holds_conversations, models)
      current, what = result.actions or 'none', 'Model for code actions'
    end
    vim.ui.select(models, {
      prompt = ('%s (now %s%s)'):format(what, current, missing(result.lists or {})),
      format_item = describe,
    }, function(model)
      if not model then
        return
      elseif not vim.endswith(model.id, '/') then
        return set_model(model.id, feature)
      end
      vim.ui.input({ prompt = 'Model: ', default = model.id }, function(name)
        if name and name ~= '' and name ~= model.id then
          set_model(name, feature)
        end
      end)
    end)
  end)))
end

--- The command that changes the model for something.
---@param feature 'completion'|'action'
local function model_command(feature)
  return {
    run = function(name)
      if name then
        set_model(name, feature)
      else
        pick_model(feature)
      end
    end,
    complete = function()
      local running = client.any()
      -- The only wait in the plugin: somebody pressed a key for this list, and it ends after 300 ms.
      local reply = running and running:request_sync('byok/models', vim.empty_dict(), 300)
      local models = reply and reply.result and reply.result.models or {}
      return vim.tbl_map(function(model) return model.id end, models)
    end,
  }
end

---@param command string
---@param message string
local function tell_server(command, message)
  needs_server(client.execute(command, answered(function() show({ 'byok: ' .. message }) end)))
end

--- Shows what a command of the server's explains, if this server has it.
---@param command string
---@param title string
---@param argument any?
local function explain(command, title, argument)
  if client.any() and not client.offers(command) then
    return complain('this server does not explain that; install a newer byok-lsp')
  end
  needs_server(client.execute(command, answered(function(result)
    local text = type(result) == 'table' and (result.markdown or result.text) or result
    if type(text) ~= 'string' then
      text = vim.json.encode(result, { indent = '  ' })
    end
    window.show(title, { text }, 'markdown')
  end), argument))
end

---@class byok.Subcommand
---@field run fun(argument: string?, range: byok.Range?)
---@field complete? fun(): string[]

---@type table<string, byok.Subcommand>
M.subcommands = {
  status = {
    run = function()
      local state = status.get()
      if not state then
        return complain(NOT_RUNNING)
      end
      local said = state.status or {}
      local totals = state.usage and state.usage.totals or {}
      local lines = {
        'state: ' .. (said.state or 'idle'),
        'model: ' .. (said.model or 'not known yet'),
        'payer: ' .. (said.payer or 'not known yet'),
        'today: ' .. status.sum(totals.day),
      }
      if said.message then
        table.insert(lines, 'message: ' .. said.message)
      end
      if said.fix then
        table.insert(lines, 'fix: :Byok fix - ' .. said.fix.title)
      end
      vim.list_extend(lines, status.caps(state))
      show(lines)
    end,
  },
  usage = {
    run = function()
      needs_server(client.request('byok/usageSummary', nil, answered(function(result)
        local lines = {}
        for _, span in ipairs({ 'session', 'day', 'month' }) do
          local sum = result[span]
          local unpriced = (sum.unpriced or 0) > 0 and (', %d of unknown cost'):format(sum.unpriced) or ''
          table.insert(lines, ('%-8s %s (calls: %d%s)'):format(span, status.sum(sum), sum.calls, unpriced))
        end
        table.insert(lines, ('%-8s %d'):format('accepted', result.accepted))
        local last = result.last
        if last and last ~= vim.NIL then
          table.insert(lines, ('%-8s %s/%s, %s'):format('last', last.provider, last.model, status.cost(last.cost)))
        end
        local caps = status.caps(status.get())
        if #caps > 0 then
          vim.list_extend(lines, { '', 'caps' })
          vim.list_extend(lines, caps)
        end
        window.show('What it costs', lines)
      end)))
    end,
  },
  route = {
    run = function()
      -- The document's folder may have settings of its own, and rules about its path.
      explain('byok.explainRoute', 'Which model, and why', { uri = vim.uri_from_bufnr(0) })
    end,
  },
  context = { run = function() explain('byok.explainContext', 'What the model is shown') end },
  key = { run = function(provider) fixes.set_key(provider) end },
  login = {
    run = function()
      -- The server opens the page by itself; an older one leaves that to the terminal.
      if not client.offers('byok.signIn') then
        return require('byok.terminal').login('openrouter')
      end
      needs_server(client.execute('byok.signIn', answered(function() end)))
    end,
  },
  fix = {
    run = function()
      local state = status.get()
      local fix = state and (state.status and state.status.fix or state.fix)
      if not fix then
        return show({ 'byok: there is nothing to fix' })
      end
      fixes.run(fix)
    end,
  },
  model = model_command('completion'),
  ['action-model'] = model_command('action'),
  action = {
    run = function(name, range) needs_server(actions.menu(name, range)) end,
    complete = function() return vim.deepcopy(actions.NAMES) end,
  },
  cancel = { run = function() needs_server(actions.cancel()) end },
  pause = { run = function() tell_server('byok.pause', 'paused; :Byok resume goes on') end },
  resume = { run = function() tell_server('byok.resume', 'going on') end },
  restart = { run = function() client.restart() end },
  log = { run = function() vim.cmd.tabedit(vim.fn.fnameescape(vim.lsp.log.get_filename())) end },
  health = { run = function() vim.cmd.checkhealth('byok') end },
}

---@param words string[]
---@param lead string
---@return string[]
local function beginning_with(words, lead)
  table.sort(words)
  return vim.tbl_filter(function(word) return vim.startswith(word, lead) end, words)
end

--- Runs `:[RANGE]Byok NAME [ARGUMENT]`.
---@param arguments string[]
---@param range? byok.Range
function M.run(arguments, range)
  local name = arguments[1] or 'status'
  local subcommand = M.subcommands[name]
  if not subcommand then
    local names = beginning_with(vim.tbl_keys(M.subcommands), '')
    return complain(('"%s" is none of its commands: %s'):format(name, table.concat(names, ', ')))
  end
  if not require('byok').is_set_up and name ~= 'health' and name ~= 'log' then
    return complain('not set up; put require("byok").setup() into your init.lua')
  end
  subcommand.run(arguments[2], range)
end

--- Completes `:Byok`'s arguments.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = vim.split(vim.trim(line:gsub('^.-Byok!?', '', 1)), '%s+', { trimempty = true })
  local done = #words - (lead ~= '' and 1 or 0)
  if done == 0 then
    return beginning_with(vim.tbl_keys(M.subcommands), lead)
  end
  local subcommand = M.subcommands[words[1]]
  if done == 1 and subcommand and subcommand.complete then
    return beginning_with(subcommand.complete(), lead)
  end
  return {}
end

return M
