from cy.core import f
import fast
