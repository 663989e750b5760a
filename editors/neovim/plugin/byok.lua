-- Defines :Byok and nothing else; the plugin itself is loaded by setup() or by the command.
if vim.g.loaded_byok then
  return
end
vim.g.loaded_byok = true

vim.api.nvim_create_user_command('Byok', function(command)
  local range = command.range > 0 and { first = command.line1, last = command.line2 } or nil
  require('byok.commands').run(command.fargs, range)
end, {
  nargs = '*',
  range = true,
  desc = 'byok-lsp: status, usage, model, key, login, fix, route, context, action, cancel, pause, resume, restart, log, health',
  complete = function(lead, line)
    return require('byok.commands').complete(lead, line)
  end,
})
